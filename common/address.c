#include "common/address.h"

#include <arpa/inet.h>
#include <stdio.h>

const char *address_text(uint32_t address, struct address_text *buffer)
{
	struct in_addr network_order = {htonl(address)};
	return inet_ntop(AF_INET, &network_order, buffer->text, sizeof buffer->text);
}

const char *subnet_text(uint32_t address, int prefix, struct address_text *buffer)
{
	struct address_text plain;
	snprintf(buffer->text, sizeof buffer->text, "%s/%d", address_text(address, &plain), prefix);
	return buffer->text;
}
