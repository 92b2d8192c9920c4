#include "launch/sandbox_server/envd/multipart.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "genesis/base/text.h"
#include "launch/sandbox_server/envd/query.h"

namespace genesis::envd {

namespace {

constexpr std::size_t kMaxHead = 16 * 1024;
constexpr std::size_t kMaxBoundary = 200;

using Parameters = std::vector<std::pair<std::string, std::string>>;

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lowered;
}

/// A value in quotes, with backslashes before quotes and backslashes; moves `at` behind it.
std::string quoted_value(std::string_view text, std::size_t& at) {
  std::string value;
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    const bool escaped =
        text[at] == '\\' && at + 1 < text.size() && (text[at + 1] == '"' || text[at + 1] == '\\');
    if (escaped) ++at;
    value += text[at];
  }
  if (at < text.size()) ++at;
  return value;
}

/// `; name=value; name="value"` after the first word of a header.
Parameters parameters_of(std::string_view header) {
  Parameters parameters;
  std::size_t at = header.find(';');
  while (at != std::string_view::npos && at < header.size()) {
    at = header.find_first_not_of("; \t", at);
    if (at == std::string_view::npos) break;
    const std::size_t equals = header.find_first_of("=;", at);
    if (equals == std::string_view::npos) break;
    const std::string name = lower(trim(header.substr(at, equals - at)));
    at = equals;
    if (header[at] == ';') continue;
    at = header.find_first_not_of(" \t", at + 1);
    if (at == std::string_view::npos) break;
    if (header[at] == '"') {
      parameters.emplace_back(name, quoted_value(header, at));
      at = header.find(';', at);
      continue;
    }
    const std::size_t stop = std::min(header.find(';', at), header.size());
    parameters.emplace_back(name, trim(header.substr(at, stop - at)));
    at = stop;
  }
  return parameters;
}

/// Forms write the three characters that would end a quoted name as %22, %0D and %0A, and nothing
/// else.
std::string without_form_escapes(std::string name) {
  const std::pair<std::string_view, char> escapes[] = {{"%22", '"'}, {"%0D", '\r'}, {"%0A", '\n'}};
  for (const auto& [escape, character] : escapes) {
    for (std::size_t at = name.find(escape); at != std::string::npos; at = name.find(escape, at)) {
      name.replace(at, escape.size(), 1, character);
      ++at;
    }
  }
  return name;
}

/// RFC 5987: utf-8''percent%20encoded.
std::optional<std::string> extended_value(std::string_view value) {
  const std::size_t first = value.find('\'');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = value.find('\'', first + 1);
  if (second == std::string_view::npos || lower(value.substr(0, first)) != "utf-8") {
    return std::nullopt;
  }
  auto decoded = percent_decode(value.substr(second + 1), false);
  if (!decoded) return std::nullopt;
  return std::move(*decoded);
}

}  // namespace

std::optional<std::string> multipart_boundary(std::string_view content_type) {
  const std::string_view type = trim(content_type.substr(0, content_type.find(';')));
  if (lower(type) != "multipart/form-data") return std::nullopt;
  for (auto& [name, value] : parameters_of(content_type)) {
    if (name == "boundary" && !value.empty() && value.size() <= kMaxBoundary) return value;
  }
  return std::nullopt;
}

PartHead parse_part_head(std::string_view head) {
  PartHead part;
  for (std::string_view line : split_lines(head)) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    constexpr std::string_view kField = "content-disposition:";
    if (!starts_with_ignore_case(line, kField)) continue;
    std::optional<std::string> extended;
    for (auto& [name, value] : parameters_of(line.substr(kField.size()))) {
      if (name == "name") part.name = value;
      if (name == "filename") part.file_name = without_form_escapes(value);
      if (name == "filename*") extended = extended_value(value);
    }
    if (extended) part.file_name = *extended;
  }
  return part;
}

MultipartReader::MultipartReader(std::string_view boundary)
    : delimiter_("\r\n--" + std::string(boundary)) {}

Result<MultipartReader::Step> MultipartReader::next() {
  switch (state_) {
    case State::preamble:
      return preamble();
    case State::after_boundary:
      return after_boundary();
    case State::head:
      return head();
    case State::data:
      return data();
    case State::end:
      buffer_.clear();
      break;
  }
  Step step;
  step.event = Event::end;
  return step;
}

Result<MultipartReader::Step> MultipartReader::preamble() {
  const std::string_view first = std::string_view(delimiter_).substr(2);
  if (buffer_.starts_with(first)) {
    buffer_.erase(0, first.size());
    state_ = State::after_boundary;
    return after_boundary();
  }
  const std::size_t found = buffer_.find(delimiter_);
  if (found != std::string::npos) {
    buffer_.erase(0, found + delimiter_.size());
    state_ = State::after_boundary;
    return after_boundary();
  }
  if (buffer_.size() > kMaxHead) {
    return make_error(ErrorKind::parse, "the multipart body does not begin with its boundary");
  }
  return Step{};
}

Result<MultipartReader::Step> MultipartReader::after_boundary() {
  // Spaces may follow a boundary; "--" says that it was the last one.
  const std::size_t start = buffer_.find_first_not_of(" \t");
  if (start == std::string::npos || buffer_.size() < start + 2) {
    if (buffer_.size() > kMaxHead) return make_error(ErrorKind::parse, "blanks after a boundary");
    return Step{};
  }
  const std::string_view two = std::string_view(buffer_).substr(start, 2);
  if (two == "--") {
    state_ = State::end;
    return next();
  }
  if (two != "\r\n") {
    return make_error(ErrorKind::parse, "a multipart boundary is not followed by a line end");
  }
  // The line end stays: a head without lines is an empty line right here.
  buffer_.erase(0, start);
  state_ = State::head;
  return head();
}

Result<MultipartReader::Step> MultipartReader::head() {
  const std::size_t end = buffer_.find("\r\n\r\n");
  if (end == std::string::npos) {
    if (buffer_.size() > kMaxHead) {
      return make_error(ErrorKind::parse, "the head of a multipart part is longer than 16 KiB");
    }
    return Step{};
  }
  Step step;
  step.event = Event::part;
  step.part = parse_part_head(std::string_view(buffer_).substr(0, end));
  // The empty line's end stays in front of the data: the delimiter of an empty part begins with it.
  buffer_.erase(0, end + 2);
  at_data_start_ = true;
  state_ = State::data;
  return step;
}

MultipartReader::Step MultipartReader::data() {
  Step step;
  if (at_data_start_) {
    if (buffer_.size() < delimiter_.size()) return step;
    if (!buffer_.starts_with(delimiter_)) buffer_.erase(0, 2);
    at_data_start_ = false;
  }
  const std::size_t found = buffer_.find(delimiter_);
  if (found == 0) {
    buffer_.erase(0, delimiter_.size());
    state_ = State::after_boundary;
    step.event = Event::part_end;
    return step;
  }
  std::size_t usable = found;
  if (found == std::string::npos) {
    // What may be the start of a delimiter waits.
    usable = buffer_.size() > delimiter_.size() ? buffer_.size() - delimiter_.size() : 0;
  }
  if (usable == 0) return step;
  step.event = Event::data;
  step.data = buffer_.substr(0, usable);
  buffer_.erase(0, usable);
  return step;
}

}  // namespace genesis::envd
