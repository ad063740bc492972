#pragma once

#include <stdint.h>

// From now on `getaddrinfo` on this thread asks this one server, and gives up after a few seconds.
// Returns 0, or -1 if `address` is no IPv4 address.
int cresolver_ask_only(const char *address, uint16_t port);
