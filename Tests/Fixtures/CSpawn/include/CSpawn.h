#pragma once

#include <spawn.h>

/// What the C library only shows with _GNU_SOURCE, and so not to Swift.
int spawn_in_folder(posix_spawn_file_actions_t *actions, const char *path);

/// Closes every file from this number on, whoever opens it until then.
int spawn_closing_from(posix_spawn_file_actions_t *actions, int first);
