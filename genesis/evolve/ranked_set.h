#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace genesis::evolve {

/// Programs in order of score, best first; of equal scores the shortest program first, then the
/// oldest (lexicographic parsimony: Luke and Panait, "Lexicographic parsimony pressure", GECCO
/// 2002). Insertion, removal and access
/// by rank cost O(√n) with a small constant: sorted chunks of bounded size. One thread.
class RankedSet {
 public:
  struct Entry {
    double score = 0;
    std::int64_t generation = 0;
    std::uint32_t size = 0;
    /// Better first.
    bool before(const Entry& other) const {
      if (score != other.score) return score > other.score;
      if (size != other.size) return size < other.size;
      return generation < other.generation;
    }
    bool operator==(const Entry&) const = default;
  };

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  void insert(Entry entry) {
    if (chunks_.empty()) chunks_.emplace_back();
    std::vector<Entry>& chunk = chunks_[chunk_of(entry)];
    chunk.insert(position(chunk, entry), entry);
    ++size_;
    if (chunk.size() > kMaxChunk) split(static_cast<std::size_t>(&chunk - chunks_.data()));
  }

  /// False when it was not there.
  bool erase(Entry entry) {
    if (empty()) return false;
    const std::size_t index = chunk_of(entry);
    std::vector<Entry>& chunk = chunks_[index];
    const auto at = position(chunk, entry);
    if (at == chunk.end() || !(*at == entry)) return false;
    chunk.erase(at);
    if (chunk.empty()) chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(index));
    --size_;
    return true;
  }

  /// rank 0 is the best; rank < size().
  Entry at(std::size_t rank) const {
    for (const std::vector<Entry>& chunk : chunks_) {
      if (rank < chunk.size()) return chunk[rank];
      rank -= chunk.size();
    }
    return chunks_.back().back();
  }

  Entry best() const { return chunks_.front().front(); }

  /// The first entries of exactly this score, in order, at most `most`. O(√n + most).
  std::vector<Entry> of_score(double score, std::size_t most) const {
    std::vector<Entry> found;
    if (empty()) return found;
    const Entry least{score, std::numeric_limits<std::int64_t>::min(), 0};
    for (std::size_t index = chunk_of(least); index < chunks_.size(); ++index) {
      const std::vector<Entry>& chunk = chunks_[index];
      for (auto at = position(chunk, least); at != chunk.end(); ++at) {
        if (at->score != score || found.size() >= most) return found;
        found.push_back(*at);
      }
    }
    return found;
  }

  /// Best first.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (const std::vector<Entry>& chunk : chunks_) {
      for (const Entry& entry : chunk) visit(entry);
    }
  }

 private:
  static constexpr std::size_t kMaxChunk = 512;

  template <typename Chunk>
  static auto position(Chunk& chunk, const Entry& entry) -> decltype(chunk.begin()) {
    return std::lower_bound(chunk.begin(), chunk.end(), entry,
                            [](const Entry& a, const Entry& b) { return a.before(b); });
  }

  /// The chunk that holds or would hold the entry: the last whose first is not after it.
  std::size_t chunk_of(const Entry& entry) const {
    const auto after = std::upper_bound(chunks_.begin(), chunks_.end(), entry,
                                        [](const Entry& e, const std::vector<Entry>& chunk) {
                                          return !chunk.empty() && e.before(chunk.front());
                                        });
    return after == chunks_.begin() ? 0 : static_cast<std::size_t>(after - chunks_.begin()) - 1;
  }

  void split(std::size_t index) {
    std::vector<Entry>& chunk = chunks_[index];
    const auto middle = chunk.begin() + static_cast<std::ptrdiff_t>(chunk.size() / 2);
    std::vector<Entry> upper(middle, chunk.end());
    chunk.erase(middle, chunk.end());
    chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(index) + 1, std::move(upper));
  }

  std::vector<std::vector<Entry>> chunks_;
  std::size_t size_ = 0;
};

}  // namespace genesis::evolve
