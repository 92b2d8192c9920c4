// Beast's and Asio's TLS code, compiled once here instead of in every file that includes a header
// of it.
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
