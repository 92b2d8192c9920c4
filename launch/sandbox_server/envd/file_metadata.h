#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "genesis/base/error.h"

/// What clients say of a file, kept in extended attributes `user.e2b.<key>`.
namespace genesis::envd {

using Metadata = std::map<std::string, std::string>;

/// The `X-Metadata-<key>: <value>` among a request's headers, keys in lower case; of repeated ones
/// the first. Errors (`invalid_argument`): not printable ASCII, a key above 246 bytes, more than
/// 4096 bytes in all. Pure.
Result<Metadata> metadata_of_headers(
    const std::vector<std::pair<std::string, std::string>>& headers);

/// Empty where there is none or the file system has no such attributes. Blocking.
Metadata read_metadata(const std::string& path);
/// Replaces the whole set. Errors: `unsupported` when there is something to write and the file
/// system cannot; `io`. Blocking.
Status write_metadata(int fd, const Metadata& metadata);

}  // namespace genesis::envd
