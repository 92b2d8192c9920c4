/* Where clones of a fork server find free memory. */
#ifndef GENESIS_LAUNCH_LOCAL_WARM_HEAP_H
#define GENESIS_LAUNCH_LOCAL_WARM_HEAP_H

#include <stddef.h>

/* Takes the free blocks between the objects of this process, for good, so that whoever allocates
 * next gets memory that lies together. After a fork each page written is a page copied, and small
 * blocks from a hundred places are a hundred pages. `pool_bytes`: the size of a pool of Python's
 * allocator. */
void genesis_warm_fill_holes(size_t pool_bytes);

#endif
