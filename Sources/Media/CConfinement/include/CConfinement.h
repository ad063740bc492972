#ifndef CCONFINEMENT_H
#define CCONFINEMENT_H

#include <stdint.h>
#include <sys/types.h>

// Shuts a process in, and starts one that will be. Linux only; elsewhere everything answers "not available".
// Functions that can fail return 0 or a negative errno.

typedef struct {
    uint64_t memory_bytes;  // Private writable memory (RLIMIT_DATA).
    uint64_t cpu_seconds;
    uint64_t file_bytes;    // Of each file written.
    uint64_t open_files;
} confinement_limits;

// Closes every descriptor above stderr.
int confinement_close_descriptors(void);

// Sets the limits, lowers the priority and forbids core dumps.
int confinement_limit(confinement_limits limits);

// Moves the process into a user and network namespace of its own and drops all capabilities. Single-threaded
// only.
int confinement_isolate_network(void);

// Lets the process read `source` and read and write below `directory`, and nothing else of the file system.
int confinement_restrict_files(const char *source, const char *directory);

// Refuses sockets, new programs, new processes, signals to others, tracing, mounts and the like with EPERM.
int confinement_restrict_calls(void);

// Asks the kernel to kill this process when the thread that started it ends.
int confinement_die_with_parent(void);

// What the kernel offers: Landlock's version or 0; 1 or 0.
int confinement_landlock_version(void);
int confinement_has_seccomp(void);
int confinement_has_network_namespaces(void);

typedef struct {
    pid_t process;
    int input;   // Write end of its stdin.
    int output;  // Read end of its stdout.
    int errors;  // Read end of its stderr.
} confinement_child;

// Starts `path` in a process group of its own with three pipes and no other descriptor.
// `arguments` and `environment` end in NULL.
int confinement_spawn(const char *path, char *const arguments[], char *const environment[],
                      confinement_child *child);

// 1 when `process` ends within `milliseconds`, else 0. Does not reap it.
int confinement_has_ended(pid_t process, int milliseconds);

// Waits until `process` has ended and reaps it. *signal is the signal that ended it, else 0 and *status its
// status.
int confinement_reap(pid_t process, int *status, int *signal);

// For the self-test: outcomes of things a confined process must not do, 0 when allowed, else a positive
// errno.
int confinement_try_socket(void);
int confinement_try_fork(void);
int confinement_try_execute(void);
int confinement_try_signal_parent(void);

#endif
