#include "genesis/base/gzip_stream.h"

#include <zlib.h>

#include <array>
#include <new>

namespace genesis {

namespace {

constexpr int kGzipWindow = 15 + 16;  // The largest window, and gzip's head.
constexpr int kFast = 1;
constexpr std::size_t kPiece = 64 * 1024;

Bytef* input_of(std::string_view bytes) {
  // zlib does not write there; its interface predates const.
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
}

}  // namespace

struct GzipReader::State {
  z_stream stream{};
  bool whole = false;  ///< The last member has ended.
  std::array<char, kPiece> piece{};
};

GzipReader::GzipReader() : state_(std::make_unique<State>()) {
  if (inflateInit2(&state_->stream, kGzipWindow) != Z_OK) throw std::bad_alloc();
}

GzipReader::~GzipReader() {
  inflateEnd(&state_->stream);
}

Status GzipReader::feed(std::string_view bytes,
                        const std::function<Status(std::string_view)>& sink) {
  z_stream& stream = state_->stream;
  stream.next_in = input_of(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  bool more = true;
  while (stream.avail_in > 0 || more) {
    if (state_->whole) {
      if (stream.avail_in == 0) break;
      inflateReset(&stream);
      state_->whole = false;
    }
    stream.next_out = reinterpret_cast<Bytef*>(state_->piece.data());
    stream.avail_out = static_cast<uInt>(kPiece);
    const int answer = inflate(&stream, Z_NO_FLUSH);
    if (answer != Z_OK && answer != Z_STREAM_END && answer != Z_BUF_ERROR) {
      return make_error(ErrorKind::parse,
                        "the body is not gzip, though its Content-Encoding says so");
    }
    const std::size_t got = kPiece - stream.avail_out;
    if (got > 0) GENESIS_TRY(sink(std::string_view(state_->piece.data(), got)));
    if (answer == Z_STREAM_END) state_->whole = true;
    more = stream.avail_out == 0;
    if (answer == Z_BUF_ERROR && got == 0) break;
  }
  return {};
}

Status GzipReader::finish() const {
  if (state_->whole) return {};
  return make_error(ErrorKind::parse, "the gzip stream ends in the middle");
}

struct GzipWriter::State {
  z_stream stream{};
  std::array<char, kPiece> piece{};
};

GzipWriter::GzipWriter() : state_(std::make_unique<State>()) {
  if (deflateInit2(&state_->stream, kFast, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::bad_alloc();
  }
}

GzipWriter::~GzipWriter() {
  deflateEnd(&state_->stream);
}

std::string GzipWriter::pack(std::string_view bytes, bool last) {
  z_stream& stream = state_->stream;
  stream.next_in = input_of(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string packed;
  do {
    stream.next_out = reinterpret_cast<Bytef*>(state_->piece.data());
    stream.avail_out = static_cast<uInt>(kPiece);
    deflate(&stream, last ? Z_FINISH : Z_NO_FLUSH);
    packed.append(state_->piece.data(), kPiece - stream.avail_out);
  } while (stream.avail_out == 0);
  return packed;
}

}  // namespace genesis
