#ifndef CPRODUCE_H
#define CPRODUCE_H

#include <stddef.h>
#include <stdint.h>

/// What a run produces, and where to.
typedef struct {
    const char *brokers;
    const char *topic;
    int32_t partitions;
    /// Stops handing over after this; waits for what is in flight after that.
    double seconds;
    /// Records in flight at most: the loop waits for reports beyond it.
    int32_t window;
    /// These and the headers' are less than 32 KiB each.
    size_t value_bytes;
    size_t key_bytes;
    int32_t header_count;
    /// The header whose value differs from record to record.
    int32_t unique_header;
    /// Names of the headers, and the bytes of each one's value.
    const char *const *header_names;
    const size_t *header_bytes;
} cproduce_plan;

typedef struct {
    int64_t acknowledged;
    int64_t failed;
    /// From the first record to the last report.
    double seconds;
    /// Why nothing could be produced; empty if it could.
    char error[256];
} cproduce_outcome;

/// Produces as fast as librdkafka takes records, from one thread: idempotent, acks=all, lz4, 5 ms of linger.
cproduce_outcome cproduce_run(const cproduce_plan *plan);

/// The version of the library that runs, such as 2.16.0.
const char *cproduce_version(void);

#endif
