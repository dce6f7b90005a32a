/* The two clocks: one that only goes forward, for spans; and the world's, for the records. Milliseconds. */
#ifndef TORIDE_COMMON_NOW_H
#define TORIDE_COMMON_NOW_H

#include <stdint.h>

int64_t monotonic_ms(void);
int64_t wall_ms(void); /* Unix time */

enum { TODAY_SIZE = 11 };
/* "2026-11-24" in Japan, where the organisations of the exercises are. */
void today(char text[TODAY_SIZE]);

#endif
