// NumPy's archive: a zip file of .npy members. Only what np.savez writes is read: members that are
// stored, of little-endian float64. Layouts: the zip application note (central directory) and the
// NumPy enhancement proposal for the .npy format.
#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>

#include "evaluators/circle_packing/construction.h"
#include "genesis/base/text.h"

namespace genesis::circle_packing {
namespace {

static_assert(std::endian::native == std::endian::little);

tl::unexpected<Error> malformed(std::string_view what) {
  return make_error(ErrorKind::parse, fmt::format("the NumPy archive is malformed: {}", what));
}

/// A little-endian number at an offset; the caller has checked the bounds.
template <typename T>
T number_at(std::string_view bytes, std::size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

struct Array {
  std::vector<std::size_t> shape;
  std::vector<double> values;  // in C order
};

/// The stored members by name.
Result<std::map<std::string, std::string_view>> members_of(std::string_view zip) {
  const auto end = zip.rfind("PK\5\6");
  if (end == std::string_view::npos || zip.size() - end < 22) return malformed("no directory");
  const std::size_t count = number_at<std::uint16_t>(zip, end + 10);
  std::size_t at = number_at<std::uint32_t>(zip, end + 16);
  std::map<std::string, std::string_view> members;
  for (std::size_t i = 0; i < count; ++i) {
    if (at > zip.size() || zip.size() - at < 46 || zip.substr(at, 4) != "PK\1\2")
      return malformed("a directory entry");
    const std::size_t method = number_at<std::uint16_t>(zip, at + 10);
    const std::size_t size = number_at<std::uint32_t>(zip, at + 24);
    const std::size_t name_size = number_at<std::uint16_t>(zip, at + 28);
    const std::size_t skip =
        number_at<std::uint16_t>(zip, at + 30) + number_at<std::uint16_t>(zip, at + 32);
    const std::size_t local = number_at<std::uint32_t>(zip, at + 42);
    const std::string name(zip.substr(at + 46, name_size));
    if (method != 0)
      return make_error(ErrorKind::unsupported,
                        fmt::format("'{}' is compressed: write it with numpy.savez, not "
                                    "savez_compressed",
                                    name));
    if (local > zip.size() || zip.size() - local < 30) return malformed("a member's place");
    const std::size_t data = local + 30 + number_at<std::uint16_t>(zip, local + 26) +
                             number_at<std::uint16_t>(zip, local + 28);
    if (data > zip.size() || zip.size() - data < size) return malformed("a member's size");
    members[name] = zip.substr(data, size);
    at += 46 + name_size + skip;
  }
  return members;
}

/// The value after `'key':` in a .npy header, up to `stop`.
std::string_view header_value(std::string_view header, std::string_view key, char stop) {
  const auto found = header.find(fmt::format("'{}':", key));
  if (found == std::string_view::npos) return {};
  const auto rest = header.substr(found + key.size() + 3);
  return trim(rest.substr(0, rest.find(stop)));
}

Result<std::vector<std::size_t>> shape_of(std::string_view header) {
  auto text = header_value(header, "shape", ')');
  if (text.empty() || text.front() != '(') return malformed("no shape");
  std::vector<std::size_t> shape;
  for (const auto part : split(text.substr(1), ',')) {
    const auto digits = trim(part);
    if (digits.empty()) continue;
    std::size_t extent = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), extent);
    if (read.ec != std::errc() || extent > kMaxCircles) return malformed("its shape");
    shape.push_back(extent);
  }
  return shape;
}

Result<Array> array_of(std::string_view npy) {
  if (npy.size() < 12 || npy.substr(0, 6) != "\x93NUMPY")
    return malformed("a member that is no array");
  const bool first_version = npy[6] == 1;
  const std::size_t prefix = first_version ? 10 : 12;
  const std::size_t header_size =
      first_version ? number_at<std::uint16_t>(npy, 8) : number_at<std::uint32_t>(npy, 8);
  if (npy.size() - prefix < header_size) return malformed("an array's header");
  const auto header = npy.substr(prefix, header_size);
  if (header_value(header, "descr", ',') != "'<f8'")
    return make_error(ErrorKind::unsupported, "an array is not of float64");
  Array array;
  GENESIS_TRY_ASSIGN(array.shape, shape_of(header));
  if (array.shape.empty() || array.shape.size() > 2) return malformed("its shape");
  const std::size_t rows = array.shape[0], columns = array.shape.size() == 2 ? array.shape[1] : 1;
  const auto data = npy.substr(prefix + header_size);
  if (data.size() != rows * columns * sizeof(double)) return malformed("an array's length");
  const bool by_columns = header_value(header, "fortran_order", ',') == "True";
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < columns; ++j)
      array.values.push_back(
          number_at<double>(data, sizeof(double) * (by_columns ? j * rows + i : i * columns + j)));
  return array;
}

Result<Array> member_array(const std::map<std::string, std::string_view>& members,
                           const std::string& name) {
  const auto found = members.find(name + ".npy");
  if (found == members.end())
    return make_error(ErrorKind::parse, fmt::format("the NumPy archive has no array '{}'", name));
  return array_of(found->second);
}

}  // namespace

Result<std::vector<Circle>> parse_npz(std::string_view content) {
  GENESIS_TRY_ASSIGN(const auto members, members_of(content));
  GENESIS_TRY_ASSIGN(const auto centers, member_array(members, "centers"));
  GENESIS_TRY_ASSIGN(const auto radii, member_array(members, "radii"));
  const std::size_t count = radii.values.size();
  if (radii.shape.size() != 1 || centers.shape != std::vector<std::size_t>{count, 2})
    return make_error(ErrorKind::parse, "'centers' must be n × 2 and 'radii' n long");
  std::vector<Circle> circles;
  for (std::size_t i = 0; i < count; ++i)
    circles.push_back({centers.values[2 * i], centers.values[2 * i + 1], radii.values[i]});
  return circles;
}

}  // namespace genesis::circle_packing
