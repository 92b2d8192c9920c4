/* Python's objects in large pages. */
#ifndef GENESIS_LAUNCH_LOCAL_WARM_ARENAS_H
#define GENESIS_LAUNCH_LOCAL_WARM_ARENAS_H

#include <stdint.h>

/* From now on the interpreter's arenas come from large pages where the system has them. A clone
 * copies one entry of the page table for two megabytes then, not 512, unless it writes there. Does
 * nothing where the interpreter does not allow it. */
void genesis_warm_use_large_pages(void);

/* What is not used yet shall not become large pages: a job that touches it would clear two
 * megabytes for a few objects. */
void genesis_warm_keep_rest_small(void);

/* What the C library's heap holds below the address `heap_end`, and the arenas, move to large pages
 * where they are not, if the system does that at once (Linux 6.1). */
void genesis_warm_collapse(uintptr_t heap_end);

/* In a clone: arenas beyond those that there are come from where they would in a cold job. */
void genesis_warm_end_large_pages(void);

#endif
