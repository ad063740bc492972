#include "CMediaShim.h"

#include <errno.h>
#include <string.h>

#include <libavutil/avutil.h>
#include <libavutil/error.h>
#include <libavutil/log.h>

int media_error_end_of_file(void) { return AVERROR_EOF; }
int media_error_again(void) { return AVERROR(EAGAIN); }
int media_error_out_of_memory(void) { return AVERROR(ENOMEM); }
int media_error_not_found(void) { return AVERROR(ENOENT); }
int media_error_no_access(void) { return AVERROR(EACCES); }
int64_t media_no_timestamp(void) { return AV_NOPTS_VALUE; }

void media_error_text(int code, char *buffer, int size) { av_strerror(code, buffer, (size_t)size); }

void media_log_errors_only(void) { av_log_set_level(AV_LOG_ERROR); }

void media_reorient_plane(uint8_t *target, int target_stride, int width, int height, const uint8_t *source,
                          int source_stride, media_orientation o) {
    const int tile = 32; // Columns of the source stay in the cache while a tile is written.
    int source_width = o.a ? width : height, source_height = o.a ? height : width;
    ptrdiff_t across = o.a + (ptrdiff_t)o.c * source_stride, down = o.b + (ptrdiff_t)o.d * source_stride;
    if (o.a + o.b < 0) source += source_width - 1;
    if (o.c + o.d < 0) source += (ptrdiff_t)(source_height - 1) * source_stride;
    for (int top = 0; top < height; top += tile) {
        for (int left = 0; left < width; left += tile) {
            int bottom = top + tile < height ? top + tile : height;
            int right = left + tile < width ? left + tile : width;
            for (int y = top; y < bottom; y++) {
                const uint8_t *from = source + y * down + left * across;
                uint8_t *to = target + (ptrdiff_t)y * target_stride;
                for (int x = left; x < right; x++, from += across) to[x] = *from;
            }
        }
    }
}

// The next 00 00 01 at or after `p`, or `end`.
static const uint8_t *next_start_code(const uint8_t *p, const uint8_t *end) {
    while (end - p >= 3) {
        const uint8_t *one = memchr(p + 2, 1, (size_t)(end - p - 2));
        if (!one) return end;
        if (one[-1] == 0 && one[-2] == 0) return one - 2;
        p = one - 1;
    }
    return end;
}

int media_length_prefixed(const uint8_t *source, int size, uint8_t *target) {
    const uint8_t *end = source + size;
    uint8_t *out = target;
    const uint8_t *unit = next_start_code(source, end);
    while (unit < end) {
        unit += 3;
        const uint8_t *next = next_start_code(unit, end), *stop = next;
        // A unit never ends in zero; those belong to the start code.
        while (stop > unit && stop[-1] == 0) stop--;
        uint32_t length = (uint32_t)(stop - unit);
        out[0] = (uint8_t)(length >> 24);
        out[1] = (uint8_t)(length >> 16);
        out[2] = (uint8_t)(length >> 8);
        out[3] = (uint8_t)length;
        memcpy(out + 4, unit, length);
        out += 4 + length;
        unit = next;
    }
    return (int)(out - target);
}
