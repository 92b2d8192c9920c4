# Where `cmake --install` puts things, below the prefix. The programs find the rest relative to
# themselves (genesis/base/home.cpp, launch/local/warm_pool.cpp), so the prefix may be moved.
set(GENESIS_BIN_DIR bin)
set(GENESIS_LIB_DIR lib)
set(GENESIS_DATA_DIR share/genesis)
# A folder of its own: <launch/…> and <evaluators/…> would be nobody's names below /usr/include.
set(GENESIS_INCLUDE_DIR include/genesis)

# RPATH and not RUNPATH: it also holds for what our libraries need in turn, and it comes before
# LD_LIBRARY_PATH, which the module systems of clusters fill with other versions of the same names.
set(CMAKE_INSTALL_RPATH "$ORIGIN/../${GENESIS_LIB_DIR}")
add_link_options(-Wl,--disable-new-dtags)
