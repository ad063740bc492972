#ifndef CEPOLL_H
#define CEPOLL_H

#include <stdint.h>

// A watch over sockets that have something to read. -1 where it fails, with errno.

int cepoll_make(void);

// `tag` is what `cepoll_wait` tells of it.
int cepoll_add(int watch, int socket, uint32_t tag);

// How many of `tags`, which has room for `most` (at most 512), were filled; waits for at most so long.
int cepoll_wait(int watch, uint32_t *tags, int most, int64_t nanoseconds);

#endif
