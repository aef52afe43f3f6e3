/* One library in as many variants as macros say. Whatever of it can run writes to stderr and to the canary's file, by system
   calls alone: a resolver runs before the C library can be called. A load process has given up files and would be killed
   for the attempt; it is known by its limit on core files, 0. CANARY is the path, ROOT the symbol that a plugin exports. */

#if defined(__x86_64__)
enum { OPENAT = 257, WRITE = 1, CLOSE = 3, PRLIMIT = 302 };
static long call(long number, long a, long b, long c, long d) {
    long answer;
    register long r10 __asm__("r10") = d;
    __asm__ volatile("syscall"
                     : "=a"(answer)
                     : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                     : "rcx", "r11", "memory");
    return answer;
}
#elif defined(__aarch64__)
enum { OPENAT = 56, WRITE = 64, CLOSE = 57, PRLIMIT = 261 };
static long call(long number, long a, long b, long c, long d) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
}
#endif

#define SING(place)                                                                          \
    do {                                                                                     \
        static const char line[] = "canary: " place "\n";                                    \
        volatile unsigned long core[2] = {0, 0};                                             \
        call(WRITE, 2, (long)line, sizeof line - 1, 0);                                      \
        call(PRLIMIT, 0, 4, 0, (long)core);                                                  \
        if (core[1] != 0) {                                                                  \
            long file = call(OPENAT, -100, (long)CANARY, 02101, 0666);                       \
            call(WRITE, file, (long)line, sizeof line - 1, 0);                               \
            call(CLOSE, file, 0, 0, 0);                                                      \
        }                                                                                    \
    } while (0)

#define EXPORTED __attribute__((visibility("default")))

#ifndef WITHOUT_CONSTRUCTOR
__attribute__((constructor)) static void constructor(void) { SING("init-array"); }
#endif

#ifdef INIT /* with -Wl,-init=dt_init */
void dt_init(void) { SING("dt-init"); }
#endif

#ifdef FINI
__attribute__((destructor)) static void destructor(void) { SING("fini-array"); }
#endif

#ifdef IFUNC
static int one(void) { return 1; }
static int (*resolver(void))(void) {
    SING("ifunc");
    return one;
}
static int chosen(void) __attribute__((ifunc("resolver")));
int (*const keep_resolver)(void) __attribute__((used)) = chosen;
#endif

#ifdef UNWINDS /* as what is built with panic = "unwind" */
extern int _Unwind_RaiseException(void *);
static void *keep_unwinder __attribute__((used)) = (void *)_Unwind_RaiseException;
#endif

#ifdef HEADER /* the first fields of what abi_stable exports */
EXPORTED const struct {
    char magic[32];
    unsigned major, minor;
    char rest[216];
} ROOT = {"abi stable library for Rust     ", ABI_MAJOR, ABI_MINOR, {0}};
#endif

#ifdef NOTE /* the version of the interface, as export_plugin! writes it */
static const struct {
    unsigned sizes[2], kind;
    char name[8];
    unsigned version[3];
} note __attribute__((section(".note.stormdb"), used, aligned(4))) = {{8, 12}, 1, "stormdb", {API_MAJOR, 0, 0}};
#endif

