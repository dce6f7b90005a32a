/* Warnings: what is legal, but hardly meant. Asked only when there are no errors. */
#include <string.h>

#include "orchestrator/scenario/loading.h"

void warn_oddities(struct loading *loading)
{
	(void)loading;
}
