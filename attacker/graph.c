/* Which steps are due: pure, no clock of its own. */
#include "attacker/attack.h"

#include <string.h>

#include "common/alloc.h"

enum node_state { NODE_WAITING, NODE_RUNNING, NODE_ENDED };

struct node {
	const struct step *step;
	enum node_state state;
	enum step_outcome outcome; /* NODE_ENDED */
	int64_t ended_ms;
};

struct happening { /* an inject sent, an objective reached, a report sent */
	char *id;
	int64_t at_ms;
};

struct graph {
	struct node *nodes; /* in the scenario's order */
	size_t nodes_count;
	struct happening *happenings;
	size_t happenings_count;
};

struct graph *graph_create(const struct scenario *scenario)
{
	struct graph *graph = xcalloc(1, sizeof *graph);
	graph->nodes_count = scenario->steps_count;
	graph->nodes = xcalloc(graph->nodes_count ? graph->nodes_count : 1, sizeof *graph->nodes);
	for (size_t i = 0; i < graph->nodes_count; i++)
		graph->nodes[i].step = &scenario->steps[i];
	return graph;
}

void graph_destroy(struct graph *graph)
{
	if (!graph)
		return;
	for (size_t i = 0; i < graph->happenings_count; i++)
		free(graph->happenings[i].id);
	free(graph->happenings);
	free(graph->nodes);
	free(graph);
}

/* NULL: no step has that id. */
static struct node *node_find(const struct graph *graph, const char *id)
{
	for (size_t i = 0; i < graph->nodes_count; i++)
		if (strcmp(graph->nodes[i].step->id, id) == 0)
			return &graph->nodes[i];
	return NULL;
}

void graph_step_began(struct graph *graph, const struct step *step)
{
	struct node *node = node_find(graph, step->id);
	if (node && node->state == NODE_WAITING)
		node->state = NODE_RUNNING;
}

void graph_step_ended(struct graph *graph, const struct step *step, enum step_outcome outcome, int64_t at_ms)
{
	struct node *node = node_find(graph, step->id);
	if (!node || node->state == NODE_ENDED)
		return;
	node->state = NODE_ENDED;
	node->outcome = outcome;
	node->ended_ms = at_ms;
}

static const struct happening *happening_find(const struct graph *graph, const char *id)
{
	for (size_t i = 0; i < graph->happenings_count; i++)
		if (strcmp(graph->happenings[i].id, id) == 0)
			return &graph->happenings[i];
	return NULL;
}

/* The first time counts: an objective that is lost and reached again moves nothing. */
void graph_happened(struct graph *graph, const char *id, int64_t at_ms)
{
	if (node_find(graph, id) || happening_find(graph, id))
		return;
	struct happening *happening = array_add(&graph->happenings, &graph->happenings_count);
	happening->id = xstrdup(id);
	happening->at_ms = at_ms;
}

/* When what is named happened, or -1. A step that was blocked has not happened. */
static int64_t happened_ms(const struct graph *graph, const char *id)
{
	const struct node *node = node_find(graph, id);
	if (node)
		return node->state == NODE_ENDED && node->outcome == STEP_DONE ? node->ended_ms : -1;
	const struct happening *happening = happening_find(graph, id);
	return happening ? happening->at_ms : -1;
}

int64_t graph_moment_ms(const struct graph *graph, const struct moment *moment)
{
	if (!moment->given)
		return -1;
	if (!moment->after)
		return moment->offset_ms;
	int64_t base = happened_ms(graph, moment->after);
	return base < 0 ? -1 : base + moment->offset_ms;
}

/* What a step needs, one after another: what it is `after`, the beacon that carries it, then its `needs`. NULL: no more. */
static const char *need_at(const struct step *step, size_t index)
{
	const char *first[] = {step->at.after, step->through ? step->through->id : NULL};
	for (size_t i = 0; i < 2; i++)
		if (first[i] && index-- == 0)
			return first[i];
	return index < step->needs_count ? step->needs[index] : NULL;
}

struct readiness {
	int64_t at_ms;	 /* when it is due, or must be skipped; -1: not foreseeable */
	const char *why; /* skip: the need that was not done */
};

static struct readiness node_readiness(const struct graph *graph, const struct node *node)
{
	const struct step *step = node->step;
	int64_t at_ms = graph_moment_ms(graph, &step->at);
	bool all_done = at_ms >= 0;
	const char *need;
	for (size_t i = 0; (need = need_at(step, i)); i++) {
		const struct node *needed = node_find(graph, need);
		if (!needed)
			continue; /* an inject or objective that it is `after`: in at_ms already */
		if (needed->state == NODE_ENDED && needed->outcome != STEP_DONE)
			return (struct readiness){needed->ended_ms, need};
		if (needed->state != NODE_ENDED)
			all_done = false;
		else if (needed->ended_ms > at_ms)
			at_ms = needed->ended_ms;
	}
	return (struct readiness){all_done ? at_ms : -1, NULL};
}

/* The waiting node whose time comes first (in the scenario's order when several have the same). */
static const struct node *first_waiting(const struct graph *graph, struct readiness *readiness)
{
	const struct node *first = NULL;
	for (size_t i = 0; i < graph->nodes_count; i++) {
		const struct node *node = &graph->nodes[i];
		if (node->state != NODE_WAITING)
			continue;
		struct readiness one = node_readiness(graph, node);
		if (one.at_ms < 0 || (first && one.at_ms >= readiness->at_ms))
			continue;
		first = node;
		*readiness = one;
	}
	return first;
}

const struct step *graph_due(struct graph *graph, int64_t now_ms, bool *skip, const char **why)
{
	struct readiness readiness = {0};
	const struct node *node = first_waiting(graph, &readiness);
	*skip = false;
	*why = NULL;
	if (!node || readiness.at_ms > now_ms)
		return NULL;
	*skip = readiness.why != NULL;
	*why = readiness.why;
	return node->step;
}

int64_t graph_next_ms(const struct graph *graph)
{
	struct readiness readiness = {0};
	return first_waiting(graph, &readiness) ? readiness.at_ms : -1;
}
