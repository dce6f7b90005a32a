/* The least that any check of a YAML file costs: libyaml's parser over it, events thrown away. bench/yaml FILE */
#include <stdbool.h>
#include <stdio.h>
#include <yaml.h>

int main(int argc, char **argv)
{
	FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
	yaml_parser_t parser;
	if (!file || !yaml_parser_initialize(&parser))
		return 2;
	yaml_parser_set_input_file(&parser, file);
	for (bool over = false; !over;) {
		yaml_event_t event;
		if (!yaml_parser_parse(&parser, &event))
			return 1;
		over = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	fclose(file);
	return 0;
}
