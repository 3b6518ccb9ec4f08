/* metrics_process.h - what the kernel knows of this process, for the metrics page. */
#pragma once

#include <stdio.h>

/*
 * metrics_process_render - write the process_* families as Prometheus text.
 *
 * Out:     file  resident and virtual memory, CPU seconds, open and allowed fds, start time; a
 *                value that cannot be read is left out.
 */
void metrics_process_render(FILE *file);
