// The straightforward simulation of cascades, to measure the engine against: a queue, a draw for every arc (Independent
// Cascade) or a threshold for every account that is reached (Linear Threshold), arrays by row.
//
//     plain_loop FILE ic|lt RUNS
//
// FILE: uint64 n, m, k; uint64 rows[n + 1]; uint32 followers[m]; float weight[m]; uint32 seeds[k].
// Prints milliseconds per cascade, mean and standard error of the number of active accounts; reading is not timed.
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

static uint64_t state = 88172645463325252ull;

static inline uint64_t draw() {  // xorshift64*, Vigna (2016)
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 2685821657736338717ull;
}

static inline float uniform() { return float(draw() >> 40) * 0x1p-24f; }  // [0, 1)

struct Graph {
    std::vector<uint64_t> rows;
    std::vector<uint32_t> followers, seeds;
    std::vector<float> weight;
};

template <class T>
static void read(std::FILE* file, std::vector<T>& into, uint64_t n) {
    into.resize(n);
    if (std::fread(into.data(), sizeof(T), n, file) != n) std::exit(2);
}

static Graph load(const char* path) {
    std::FILE* file = std::fopen(path, "rb");
    if (!file) std::exit(2);
    std::vector<uint64_t> head;
    Graph g;
    read(file, head, 3);
    read(file, g.rows, head[0] + 1);
    read(file, g.followers, head[1]);
    read(file, g.weight, head[1]);
    read(file, g.seeds, head[2]);
    std::fclose(file);
    return g;
}

// Marks and thresholds belong to a run by its number, so that nothing is cleared between runs.
struct Work {
    std::vector<uint32_t> active, touched, queue;
    std::vector<float> threshold, sum;
    explicit Work(size_t n) : active(n), touched(n), threshold(n), sum(n) { queue.reserve(n); }
};

static void begin(const Graph& g, Work& w, uint32_t run) {
    w.queue.clear();
    for (uint32_t s : g.seeds) {
        w.active[s] = run;
        w.queue.push_back(s);
    }
}

static size_t independent_cascade(const Graph& g, Work& w, uint32_t run) {
    begin(g, w, run);
    for (size_t head = 0; head < w.queue.size(); head++) {
        uint32_t v = w.queue[head];
        for (uint64_t j = g.rows[v]; j < g.rows[v + 1]; j++) {
            uint32_t u = g.followers[j];
            if (w.active[u] != run && uniform() < g.weight[j]) {
                w.active[u] = run;
                w.queue.push_back(u);
            }
        }
    }
    return w.queue.size();
}

static size_t linear_threshold(const Graph& g, Work& w, uint32_t run) {
    begin(g, w, run);
    for (size_t head = 0; head < w.queue.size(); head++) {
        uint32_t v = w.queue[head];
        for (uint64_t j = g.rows[v]; j < g.rows[v + 1]; j++) {
            uint32_t u = g.followers[j];
            if (w.active[u] == run) continue;
            if (w.touched[u] != run) {
                w.touched[u] = run;
                w.threshold[u] = uniform();
                w.sum[u] = 0;
            }
            if ((w.sum[u] += g.weight[j]) > w.threshold[u]) {
                w.active[u] = run;
                w.queue.push_back(u);
            }
        }
    }
    return w.queue.size();
}

int main(int argc, char** argv) {
    if (argc != 4) return 1;
    Graph g = load(argv[1]);
    auto simulate = std::strcmp(argv[2], "lt") ? independent_cascade : linear_threshold;
    uint32_t runs = std::strtoul(argv[3], nullptr, 10);
    Work w(g.rows.size() - 1);
    double sum = 0, squares = 0;
    simulate(g, w, UINT32_MAX);  // warm-up
    auto began = std::chrono::steady_clock::now();
    for (uint32_t run = 1; run <= runs; run++) {
        double size = simulate(g, w, run);
        sum += size;
        squares += size * size;
    }
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    double mean = sum / runs, variance = squares / runs - mean * mean;
    std::printf("%.9g %.9g %.9g\n", 1e3 * took.count() / runs, mean, std::sqrt(std::fmax(variance, 0) / runs));
}
