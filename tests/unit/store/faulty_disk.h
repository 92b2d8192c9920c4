#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <string_view>

namespace genesis::store {

/// A SQLite file system that is the real one until told to fail, and that counts the times a WAL
/// was made safe on the disk. Default for connections opened while it lives; any thread.
class FaultyDisk {
 public:
  FaultyDisk() {
    real_ = sqlite3_vfs_find(nullptr);
    vfs_ = *real_;
    vfs_.zName = "faulty";
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
    vfs_.pAppData = this;
    vfs_.xOpen = &FaultyDisk::open;
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~FaultyDisk() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_, 1);
  }
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  /// SQLITE_FULL, SQLITE_IOERR_WRITE …: what every write answers from now on; SQLITE_OK heals.
  void fail_writes(int code) { write_error_ = code; }
  int failed_writes() const { return failed_writes_; }
  int wal_syncs() const { return wal_syncs_; }

 private:
  struct File {
    sqlite3_file base;
    FaultyDisk* disk;
    bool wal;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };
  static File* self(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
  static sqlite3_file* real(sqlite3_file* file) { return self(file)->real(); }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
    auto* disk = static_cast<FaultyDisk*>(vfs->pAppData);
    File* ours = self(file);
    ours->disk = disk;
    ours->wal = name != nullptr && std::string_view(name).ends_with("-wal");
    const int code = disk->real_->xOpen(disk->real_, name, ours->real(), flags, out);
    ours->base.pMethods = code == SQLITE_OK ? methods() : nullptr;
    return code;
  }

  static int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
    FaultyDisk& disk = *self(file)->disk;
    if (const int code = disk.write_error_; code != SQLITE_OK) {
      ++disk.failed_writes_;
      return code;
    }
    return real(file)->pMethods->xWrite(real(file), data, size, offset);
  }

  static int sync(sqlite3_file* file, int flags) {
    if (self(file)->wal) ++self(file)->disk->wal_syncs_;
    return real(file)->pMethods->xSync(real(file), flags);
  }

  static const sqlite3_io_methods* methods() {
    static const sqlite3_io_methods table = [] {
      sqlite3_io_methods m{};
      m.iVersion = 2;
      m.xClose = [](sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); };
      m.xRead = [](sqlite3_file* f, void* data, int size, sqlite3_int64 at) {
        return real(f)->pMethods->xRead(real(f), data, size, at);
      };
      m.xWrite = &FaultyDisk::write;
      m.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
        return real(f)->pMethods->xTruncate(real(f), size);
      };
      m.xSync = &FaultyDisk::sync;
      m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
        return real(f)->pMethods->xFileSize(real(f), size);
      };
      m.xLock = [](sqlite3_file* f, int level) { return real(f)->pMethods->xLock(real(f), level); };
      m.xUnlock = [](sqlite3_file* f, int level) {
        return real(f)->pMethods->xUnlock(real(f), level);
      };
      m.xCheckReservedLock = [](sqlite3_file* f, int* out) {
        return real(f)->pMethods->xCheckReservedLock(real(f), out);
      };
      m.xFileControl = [](sqlite3_file* f, int op, void* argument) {
        return real(f)->pMethods->xFileControl(real(f), op, argument);
      };
      m.xSectorSize = [](sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); };
      m.xDeviceCharacteristics = [](sqlite3_file* f) {
        return real(f)->pMethods->xDeviceCharacteristics(real(f));
      };
      m.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
        return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
      };
      m.xShmLock = [](sqlite3_file* f, int offset, int count, int flags) {
        return real(f)->pMethods->xShmLock(real(f), offset, count, flags);
      };
      m.xShmBarrier = [](sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); };
      m.xShmUnmap = [](sqlite3_file* f, int remove) {
        return real(f)->pMethods->xShmUnmap(real(f), remove);
      };
      return m;
    }();
    return &table;
  }

  sqlite3_vfs* real_ = nullptr;
  sqlite3_vfs vfs_{};
  std::atomic<int> write_error_ = SQLITE_OK;
  std::atomic<int> failed_writes_ = 0;
  std::atomic<int> wal_syncs_ = 0;
};

}  // namespace genesis::store
