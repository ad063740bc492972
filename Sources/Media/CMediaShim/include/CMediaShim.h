#ifndef CMEDIASHIM_H
#define CMEDIASHIM_H

#include <stdint.h>

// What Swift cannot import from libav: values that are macros, and byte loops that must be fast in every
// build. Plain C types only, so that this header stays independent of libav's.

int media_error_end_of_file(void);
int media_error_again(void);
int media_error_out_of_memory(void);
int media_error_not_found(void);
int media_error_no_access(void);

// The time stamp that means "none".
int64_t media_no_timestamp(void);

// Writes libav's text for `code` into `buffer` of `size` bytes, always terminated.
void media_error_text(int code, char *buffer, int size);

// Lets libav log errors only, to stderr.
void media_log_errors_only(void);

// A signed permutation of axes: column of the source = a*x + b*y, row = c*x + d*y, moved to start at 0.
typedef struct {
    int a, b, c, d;
} media_orientation;

// Writes the plane `source`, turned, into `target` of width x height samples of one byte.
void media_reorient_plane(uint8_t *target, int target_stride, int width, int height, const uint8_t *source,
                          int source_stride, media_orientation orientation);

// Rewrites H.264 units from start codes to 4-byte lengths. `target` needs room for size + size / 4 + 16
// bytes. Returns the bytes written.
int media_length_prefixed(const uint8_t *source, int size, uint8_t *target);

#endif
