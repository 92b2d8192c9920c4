#include "genesis/warm_start/choose_programs.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "genesis/base/hash.h"
#include "genesis/base/text.h"

namespace genesis::warm_start {
namespace {

constexpr double kWorst = -std::numeric_limits<double>::infinity();

/// Best first; equal scores in the order they were made.
bool goes_before(const Listing& a, const Listing& b) {
  const double left = a.score.value_or(kWorst);
  const double right = b.score.value_or(kWorst);
  if (left != right) return left > right;
  return a.generation < b.generation;
}

std::vector<Listing> ranked(std::vector<Listing> all, const ChooseOptions& options,
                            Skipped& skipped) {
  std::erase_if(all, [&](const Listing& listing) {
    const bool foreign = !listing.language.empty() && !options.fits(listing.language);
    if (!listing.correct) {
      ++skipped["incorrect there"];
    } else if (foreign) {
      ++skipped["in another language"];
    }
    return !listing.correct || foreign;
  });
  std::stable_sort(all.begin(), all.end(), goes_before);
  return all;
}

std::string why_unusable(const std::string& code) {
  if (trim(code).empty()) return "empty";
  if (code.size() > kMaxCodeBytes) return "longer than 1 MB";
  if (!is_valid_utf8(code)) return "no UTF-8";
  return code.find('\0') != std::string::npos ? "with zero bytes" : "";
}

/// Parents before children. A parent that is not older than its child is none: whoever wrote that
/// cannot be believed.
void put_in_order(std::vector<ChosenProgram>& programs,
                  const std::unordered_map<std::string, std::string>& same_text) {
  std::stable_sort(programs.begin(), programs.end(),
                   [](const ChosenProgram& a, const ChosenProgram& b) {
                     return a.listing.generation < b.listing.generation;
                   });
  std::unordered_map<std::string, std::size_t> by_id;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    std::string parent = programs[i].listing.parent_id;
    if (const auto copy = same_text.find(parent); copy != same_text.end()) parent = copy->second;
    if (const auto found = by_id.find(parent); found != by_id.end()) {
      programs[i].parent = found->second;
    }
    by_id.emplace(programs[i].listing.id, i);
  }
}

/// The programs of one source as they are chosen.
class Chooser {
 public:
  Chooser(ProgramSource& source, const ChooseOptions& options)
      : source_(source), options_(options) {}

  Result<Choice> choose() {
    GENESIS_TRY_ASSIGN(std::vector<Listing> all, source_.list(choice_.skipped));
    choice_.found = static_cast<std::int64_t>(all.size());
    for (const auto& [why, count] : choice_.skipped) choice_.found += count;
    const std::vector<Listing> order = ranked(std::move(all), options_, choice_.skipped);
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (options_.top > 0 && choice_.programs.size() >= options_.top) {
        choice_.skipped[fmt::format("beyond the best {}", options_.top)] +=
            static_cast<std::int64_t>(order.size() - i);
        break;
      }
      GENESIS_TRY(take(order[i]));
    }
    GENESIS_TRY(find_copied_parents(order));
    put_in_order(choice_.programs, same_text_);
    return std::move(choice_);
  }

 private:
  Status take(const Listing& listing) {
    auto text = source_.read(listing);
    if (!text && text.error().kind != ErrorKind::invalid_argument) {
      return tl::unexpected<Error>(std::move(text.error()));
    }
    const std::string why = text ? why_unusable(text->code) : text.error().message;
    if (!why.empty()) {
      ++choice_.skipped[why];
      return {};
    }
    const auto [known, is_new] = id_of_text_.emplace(hash128_hex(text->code), listing.id);
    if (!is_new) {
      same_text_.emplace(listing.id, known->second);
      ++choice_.skipped["duplicates"];
      return {};
    }
    bytes_ += text->code.size() + text->public_json.size() + text->private_json.size() +
              text->text_feedback.size();
    if (bytes_ > kMaxChosenBytes) {
      return make_error(ErrorKind::invalid_argument,
                        fmt::format("the programs are larger than {} together; take fewer",
                                    format_bytes(kMaxChosenBytes)));
    }
    choice_.programs.push_back({listing, std::move(*text), std::nullopt});
    return {};
  }

  /// A parent that was passed over may be a copy of a chosen one: ShinkaEvolve copies its seed to
  /// every island.
  Status find_copied_parents(const std::vector<Listing>& order) {
    std::unordered_map<std::string, const Listing*> by_id;
    for (const Listing& listing : order) by_id.emplace(listing.id, &listing);
    for (const ChosenProgram& chosen : choice_.programs) {
      const auto parent = by_id.find(chosen.listing.parent_id);
      if (parent == by_id.end() || same_text_.contains(parent->first)) continue;
      const auto text = source_.read(*parent->second);
      if (!text) continue;  // then it is no copy of one that can be read
      const auto known = id_of_text_.find(hash128_hex(text->code));
      if (known != id_of_text_.end()) same_text_.emplace(parent->first, known->second);
    }
    return {};
  }

  ProgramSource& source_;
  const ChooseOptions& options_;
  Choice choice_;
  std::unordered_map<std::string, std::string> id_of_text_;  // hash of the text → the chosen one
  std::unordered_map<std::string, std::string> same_text_;   // id of a copy → the chosen one
  std::size_t bytes_ = 0;
};

}  // namespace

Result<Choice> choose_programs(ProgramSource& source, const ChooseOptions& options) {
  return Chooser(source, options).choose();
}

}  // namespace genesis::warm_start
