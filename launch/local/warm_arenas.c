#define _GNU_SOURCE
#include "launch/local/warm_arenas.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

enum { kMostChunks = 64, kChunkBytes = 8 << 20, kPageBytes = 2 << 20 };

struct arena_allocator { /* PyObjectArenaAllocator */
  void* context;
  void* (*allocate)(void* context, size_t size);
  void (*release)(void* context, void* arena, size_t size);
};

static struct arena_allocator before;
static char* chunks[kMostChunks];
static int chunk_count;
static size_t used; /* of the last chunk */
static int ended;

static size_t beyond_page(const char* at) {
  return (kPageBytes - (uintptr_t)at % kPageBytes) % kPageBytes;
}

/* Begins at a large page. */
static int add_chunk(void) {
  if (ended || chunk_count == kMostChunks) return 0;
  char* const room = mmap(NULL, kChunkBytes + kPageBytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) return 0;
  const size_t skipped = beyond_page(room);
  if (skipped > 0) munmap(room, skipped);
  munmap(room + skipped + kChunkBytes, kPageBytes - skipped);
  madvise(room + skipped, kChunkBytes, MADV_HUGEPAGE);
  chunks[chunk_count++] = room + skipped;
  used = 0;
  return 1;
}

static void* allocate(void* context, size_t size) {
  (void)context;
  const int fits = chunk_count > 0 && size <= kChunkBytes - used;
  if (!fits && (size > kChunkBytes || !add_chunk())) return before.allocate(before.context, size);
  char* const arena = chunks[chunk_count - 1] + used;
  used += size;
  return arena;
}

static void release(void* context, void* arena, size_t size) {
  (void)context;
  for (int i = 0; i < chunk_count; ++i) {
    if ((uintptr_t)arena - (uintptr_t)chunks[i] < kChunkBytes) {
      munmap(arena, size);
      return;
    }
  }
  before.release(before.context, arena, size);
}

void genesis_warm_use_large_pages(void) {
  void (*get)(struct arena_allocator*) = NULL;
  void (*set)(struct arena_allocator*) = NULL;
  *(void**)&get = dlsym(RTLD_DEFAULT, "PyObject_GetArenaAllocator");
  *(void**)&set = dlsym(RTLD_DEFAULT, "PyObject_SetArenaAllocator");
  if (get == NULL || set == NULL) return;
  get(&before);
  if (before.allocate == NULL || before.release == NULL) return;
  struct arena_allocator ours = {NULL, allocate, release};
  set(&ours);
}

void genesis_warm_keep_rest_small(void) {
  if (chunk_count == 0) return;
  char* const next = chunks[chunk_count - 1] + used;
  char* const page = next + beyond_page(next);
  char* const end = chunks[chunk_count - 1] + kChunkBytes;
  if (page < end) madvise(page, (size_t)(end - page), MADV_NOHUGEPAGE);
}

/* Where the heap begins; 0 when it cannot be told. */
static uintptr_t heap_start(void) {
  FILE* const maps = fopen("/proc/self/maps", "re");
  if (maps == NULL) return 0;
  char line[512];
  unsigned long start = 0;
  while (start == 0 && fgets(line, sizeof line, maps) != NULL) {
    if (strstr(line, "[heap]") == NULL || sscanf(line, "%lx-", &start) != 1) start = 0;
  }
  fclose(maps);
  return start;
}

/* Page by page: where one cannot be, others can. */
static void collapse(uintptr_t from, uintptr_t end) {
  from = (from + kPageBytes - 1) / kPageBytes * kPageBytes;
  for (; from + kPageBytes <= end; from += kPageBytes) {
    madvise((void*)from, kPageBytes, MADV_COLLAPSE); /* NOLINT: an address of the system's */
  }
}

void genesis_warm_collapse(uintptr_t heap_end) {
  const uintptr_t start = heap_start();
  if (start != 0) collapse(start, heap_end);
  for (int i = 0; i < chunk_count; ++i) {
    const uintptr_t chunk = (uintptr_t)chunks[i];
    collapse(chunk, chunk + (i + 1 < chunk_count ? (size_t)kChunkBytes : used));
  }
}

void genesis_warm_end_large_pages(void) {
  ended = 1;
}
