#define _GNU_SOURCE
#include "CConfinement.h"

#include <errno.h>

#ifdef __linux__
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// Own definitions: the kernel headers of the build machine may be older than the kernel.
struct ruleset_attributes {
    uint64_t files, network, scoped;
};
struct path_rule {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

enum {
    WRITE_FILE = 1 << 1,
    READ_FILE = 1 << 2,
    READ_DIRECTORY = 1 << 3,
    REMOVE_FILE = 1 << 5,
    MAKE_REGULAR = 1 << 8,
    TRUNCATE = 1 << 14,
};

#define CREATE_RULESET 444
#define ADD_RULE 445
#define RESTRICT_SELF 446

int confinement_landlock_version(void) {
    long version = syscall(CREATE_RULESET, NULL, 0, 1);
    return version > 0 ? (int)version : 0;
}

// All rights that a version of Landlock knows, so that all of them are refused unless a rule allows.
static struct ruleset_attributes everything(int version) {
    struct ruleset_attributes all = {0, 0, 0};
    all.files = version >= 5 ? 0xFFFF : version >= 3 ? 0x7FFF : version >= 2 ? 0x3FFF : 0x1FFF;
    if (version >= 4) all.network = 3; // TCP: bind, connect.
    if (version >= 6) all.scoped = 3;  // Abstract sockets and signals of processes outside.
    return all;
}

static int allow(int ruleset, const char *path, uint64_t rights) {
    int parent = open(path, O_PATH | O_CLOEXEC);
    if (parent < 0) return -errno;
    struct path_rule rule = {rights, parent};
    int code = syscall(ADD_RULE, ruleset, 1, &rule, 0) < 0 ? -errno : 0;
    close(parent);
    return code;
}

int confinement_restrict_files(const char *source, const char *directory) {
    int version = confinement_landlock_version();
    if (version == 0) return -ENOSYS;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -errno;
    struct ruleset_attributes handled = everything(version);
    size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
    int ruleset = (int)syscall(CREATE_RULESET, &handled, size, 0);
    if (ruleset < 0) return -errno;
    uint64_t writing = WRITE_FILE | READ_FILE | READ_DIRECTORY | REMOVE_FILE | MAKE_REGULAR | TRUNCATE;
    int code = source ? allow(ruleset, source, READ_FILE) : 0;
    // A source that is missing is told by the one who opens it.
    if (code == -ENOENT || code == -EACCES) code = 0;
    if (code == 0 && directory) code = allow(ruleset, directory, writing & handled.files);
    if (code == 0 && syscall(RESTRICT_SELF, ruleset, 0) < 0) code = -errno;
    close(ruleset);
    return code;
}

#else
int confinement_landlock_version(void) { return 0; }
int confinement_restrict_files(const char *source, const char *directory) {
    return (void)source, (void)directory, -ENOSYS;
}
#endif
