// How jemalloc, which the program is linked with, is to behave: it is found by this name.
//
// Entries of all sizes come and go for months, between the short-lived strings of each fill. glibc's malloc splits the
// room of the large among these for entries, and keeps a seventh of the heap in pieces too small for either.
extern "C" {
// Few arenas, since each keeps room of its own; what is free goes back to the system after a tenth of a second.
extern const char* const malloc_conf;
const char* const malloc_conf = "narenas:2,dirty_decay_ms:100,muzzy_decay_ms:0";
}
