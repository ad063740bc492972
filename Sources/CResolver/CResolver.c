#include "CResolver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <resolv.h>
#include <string.h>

// `_res` is a macro, and one for each thread.
int cresolver_ask_only(const char *address, uint16_t port) {
    struct in_addr parsed;
    if (inet_pton(AF_INET, address, &parsed) != 1 || res_init() != 0) return -1;
    memset(&_res.nsaddr_list[0], 0, sizeof _res.nsaddr_list[0]);
    _res.nsaddr_list[0].sin_family = AF_INET;
    _res.nsaddr_list[0].sin_addr = parsed;
    _res.nsaddr_list[0].sin_port = htons(port);
    _res.nscount = 1;
    _res.retrans = 1;
    _res.retry = 2;
    return 0;
}
