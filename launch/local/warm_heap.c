#define _GNU_SOURCE
#include "launch/local/warm_heap.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "launch/local/warm_arenas.h"

/* What is filled was resident before; the bounds are for allocators that are not what is expected.
 */
enum {
  kLargestHole = 64 << 10,
  kSmallestHole = 24,
  kNearTop = 512 << 10,
  kMostProbes = 64,
  kMostBlocks = 1 << 17,
  kMostPythonBlock = 512,
  kMostOfOneSize = 4 << 20,
  kPoolHeader = 48
};

/* Where the C library's heap grows: memory from there on is not a hole. 0 when it cannot be
 * told. */
static uintptr_t find_top(void) {
  for (int i = 0; i < kMostProbes; ++i) {
    void* const probe = malloc(kLargestHole);
    if (probe == NULL) return 0;
    const uintptr_t at = (uintptr_t)probe;
    const uintptr_t end = (uintptr_t)sbrk(0);
    if (at < end && end - at <= kLargestHole + kNearTop) {
      free(probe);
      return at;
    }
  }
  return 0;
}

static size_t next_size(size_t size) {
  return size > 2048 ? size - size / 8 : size - 16;
}

static void fill_c_holes(uintptr_t top) {
  int blocks = 0;
  for (size_t size = kLargestHole; size >= kSmallestHole; size = next_size(size)) {
    for (;;) {
      void* const block = malloc(size);
      if (block == NULL) return;
      if ((uintptr_t)block >= top) {
        free(block);
        break;
      }
      if (++blocks == kMostBlocks) return;
    }
  }
}

/* Python's allocator has pools of equal blocks. The first block of a pool that was empty follows
 * its header: from there on there are no holes of this size. */
static void fill_python_holes(size_t pool_bytes) {
  void* (*allocate)(size_t) = NULL;
  void (*release)(void*) = NULL;
  *(void**)&allocate = dlsym(RTLD_DEFAULT, "PyObject_Malloc");
  *(void**)&release = dlsym(RTLD_DEFAULT, "PyObject_Free");
  if (allocate == NULL || release == NULL) return;
  for (size_t size = 16; size <= kMostPythonBlock; size += 16) {
    for (size_t taken = 0; taken < kMostOfOneSize; taken += size) {
      void* const block = allocate(size);
      if (block == NULL) return;
      if ((uintptr_t)block % pool_bytes != kPoolHeader) continue;
      release(block);
      break;
    }
  }
}

void genesis_warm_fill_holes(size_t pool_bytes) {
  if (pool_bytes == 0) return;
  fill_python_holes(pool_bytes);
  const uintptr_t top = find_top();
  if (top != 0) {
    fill_c_holes(top);
    genesis_warm_collapse(top);
  }
  genesis_warm_keep_rest_small();
}
