#pragma once

#include <sys/stat.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "genesis/base/fd.h"
#include "launch/sandbox_server/envd/accounts.h"
#include "launch/sandbox_server/envd/filesystem_messages.h"
#include "launch/sandbox_server/envd/rpc_error.h"

/// What clients do with files, with resolved paths. Blocking; any thread.
namespace genesis::envd {

/// Who owns what an operation makes. Absent ids: this process, which cannot give files away.
struct Owner {
  std::optional<uid_t> uid;
  gid_t gid = 0;
};

RpcResult<FileEntry> file_entry(const std::string& path, const Accounts& accounts);
/// Makes the folder and those above it. `already_exists`: a folder is there; `invalid_argument`:
/// something else is.
RpcResult<FileEntry> make_folder(const std::string& path, const Owner& owner,
                                 const Accounts& accounts);
/// rename(2), with the destination's folders made; another file system's files are copied.
RpcResult<FileEntry> move_entry(const std::string& from, const std::string& to, const Owner& owner,
                                const Accounts& accounts);
/// Depth first, each folder before what it holds, by name; links are not followed below `path`.
RpcResult<std::vector<FileEntry>> list_folder(const std::string& path, std::uint32_t depth,
                                              const Accounts& accounts);
/// With all that is below; a missing path is success.
RpcStatus remove_tree(const std::string& path);
/// The folders of `path` that are missing, each the owner's, 0755.
RpcStatus make_parents(const std::string& path, const Owner& owner);
/// For writing from its start; made, cut, given to the owner, folders and all.
RpcResult<Fd> open_for_upload(const std::string& path, const Owner& owner);
/// The sources one after the other become the destination and are removed.
RpcStatus compose_files(const std::vector<std::string>& sources, const std::string& destination,
                        const Owner& owner);

/// "-rwxr-xr-x", "dtrwxrwxrwx", "Lrwxrwxrwx".
std::string permissions_text(mode_t mode);
/// NFS, CIFS, FUSE …: changes made elsewhere are not seen by a watch.
bool is_network_mount(const std::string& path);

}  // namespace genesis::envd
