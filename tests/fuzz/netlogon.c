/* Fuzzes the answer of a directory server: any bytes, and what is partly there must not become another answer by more of it but once. */
#include <stdint.h>
#include <stdlib.h>

#include "common/netlogon.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum netlogon_answer answer = netlogon_read(data, size);
	enum netlogon_answer before = size ? netlogon_read(data, size - 1) : NETLOGON_PARTIAL;
	if (before != NETLOGON_PARTIAL && before != answer)
		abort();
	return 0;
}
