#include "genesis/evolve/operators/literal_alignment.h"

#include <optional>
#include <unordered_map>
#include <utility>

#include "genesis/base/hash.h"

namespace genesis::evolve {
namespace {

/// A line by what it says beside its numbers.
struct LineShape {
  std::uint64_t key = 0;  ///< Of the tokens and of how many such lines came before.
  std::size_t first_site = 0;
  std::size_t sites = 0;
};

struct ShapedFile {
  std::vector<LiteralSite> sites;
  std::vector<LineShape> lines;
};

class ShapeReader {
 public:
  ShapeReader(const SourceView& view, std::uint32_t file) : view_(view), index_(file) {}

  ShapedFile run() {
    const ViewedFile& file = view_.files[index_];
    for (const MutableBlock& block : file.blocks) {
      next_ = made_.sites.size();
      append_literal_sites(view_, index_, block.first_token, block.last_token, made_.sites);
      for (std::uint32_t token = block.first_token; token < block.last_token; ++token) {
        add(file, token);
      }
      end_line();
    }
    return std::move(made_);
  }

 private:
  void add(const ViewedFile& file, std::uint32_t token) {
    const TokenKind kind = file.kind_of(token);
    if (kind == TokenKind::newline) return end_line();
    if (kind == TokenKind::comment) return;
    const bool at_site =
        next_ < made_.sites.size() && file.tokens[token].begin >= made_.sites[next_].begin;
    if (!at_site) {
      hash_ = hash64(file.text_of(token), hash_);
      return;
    }
    if (made_.sites[next_].token != token) return;  // its sign
    ++line_.sites;
    ++next_;
    hash_ = hash64("0", hash_);
  }

  void end_line() {
    if (line_.sites > 0) {
      line_.key = hash64("line", hash_ + 0x9E3779B97F4A7C15u * seen_[hash_]++);
      made_.lines.push_back(line_);
    }
    line_ = LineShape{0, next_, 0};
    hash_ = 0;
  }

  const SourceView& view_;
  std::uint32_t index_;
  ShapedFile made_;
  LineShape line_;
  std::size_t next_ = 0;
  std::uint64_t hash_ = 0;
  std::unordered_map<std::uint64_t, std::uint64_t> seen_;
};

/// A mate's numbers by the key of their line.
class MateNumbers {
 public:
  MateNumbers(const SourceView& mate, std::string_view path) {
    for (std::uint32_t file = 0; file < mate.files.size(); ++file) {
      if (mate.files[file].source->path != path) continue;
      shaped_ = ShapeReader(mate, file).run();
    }
    for (const LineShape& line : shaped_.lines) lines_.emplace(line.key, &line);
  }

  std::optional<double> counterpart(const LineShape& line, std::size_t rank,
                                    const LiteralSite& own) const {
    const auto found = lines_.find(line.key);
    if (found == lines_.end() || found->second->sites != line.sites) return std::nullopt;
    const LiteralSite& site = shaped_.sites[found->second->first_site + rank];
    if (site.number.is_integer != own.number.is_integer) return std::nullopt;
    return site.value();
  }

 private:
  ShapedFile shaped_;
  std::unordered_map<std::uint64_t, const LineShape*> lines_;
};

}  // namespace

std::vector<AlignedLiteral> align_literals(const SourceView& parent, std::uint32_t file,
                                           const SourceView& first, const SourceView& second) {
  const ShapedFile shaped = ShapeReader(parent, file).run();
  const std::string_view path = parent.files[file].source->path;
  const MateNumbers one(first, path);
  const MateNumbers two(second, path);
  std::vector<AlignedLiteral> aligned;
  for (const LineShape& line : shaped.lines) {
    for (std::size_t rank = 0; rank < line.sites; ++rank) {
      const LiteralSite& own = shaped.sites[line.first_site + rank];
      const auto a = one.counterpart(line, rank, own);
      const auto b = two.counterpart(line, rank, own);
      if (!a && !b) continue;
      aligned.push_back({own, a.value_or(own.value()), b.value_or(own.value())});
    }
  }
  return aligned;
}

}  // namespace genesis::evolve
