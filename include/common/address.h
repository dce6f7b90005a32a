/* IPv4 addresses as text. */
#ifndef TORIDE_COMMON_ADDRESS_H
#define TORIDE_COMMON_ADDRESS_H

#include <stdint.h>

/* What the two functions return lives in the given buffer. */
struct address_text {
	char text[24]; /* "255.255.255.255/32" */
};

const char *address_text(uint32_t address, struct address_text *buffer);	    /* host byte order → "10.1.1.20" */
const char *subnet_text(uint32_t address, int prefix, struct address_text *buffer); /* "10.1.1.0/24" */

#endif
