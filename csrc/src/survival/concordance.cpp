#include "marey/survival/concordance.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "marey/survival/order.hpp"

namespace marey::survival {

namespace {

using std::int64_t;

struct Row {
  double risk, a, b, pairs;  // pairs: weight of concordant pairs so far
  int64_t at;                // place in the order of time
};

// The rows by rising time, events before censorings: what is comparable, whatever the risk.
struct Comparable {
  std::vector<int64_t> index;
  std::vector<double> a, b, total;          // total: weight of comparable pairs with each row in them
  std::vector<int64_t> run_begin, run_end;  // events at one time, where there are several
  double denominator = 0, tied_time = 0;

  explicit Comparable(const Concordance& c);
};

Comparable::Comparable(const Concordance& c) : index(sort_rows(c.time, c.n, {}).index), a(c.n), b(c.n), total(c.n) {
  for (int64_t begin = 0, end; begin < c.n; begin = end) {
    for (end = begin + 1; end < c.n && c.time[index[end]] == c.time[index[begin]];) ++end;
    if (end - begin == 1) continue;
    const auto middle = std::stable_partition(index.begin() + begin, index.begin() + end,
                                              [&](int64_t row) { return c.event[row] != 0; });
    const int64_t events_end = middle - index.begin();
    if (events_end - begin > 1) {
      run_begin.push_back(begin);
      run_end.push_back(events_end);
    }
  }
  for (int64_t i = 0; i < c.n; ++i) {
    a[i] = c.event[index[i]] ? c.earlier[index[i]] : 0.0;
    b[i] = c.later[index[i]];
  }
  double before = 0;
  for (int64_t i = 0; i < c.n; ++i) {
    total[i] = b[i] * before;
    before += a[i];
  }
  double after = 0;
  for (int64_t i = c.n; i-- > 0;) {
    total[i] += a[i] * after;
    after += b[i];
  }
  for (std::size_t r = 0; r < run_begin.size(); ++r) {
    double sum_a = 0, sum_b = 0, squares = 0;
    for (int64_t i = run_begin[r]; i < run_end[r]; ++i) {
      total[i] -= b[i] * sum_a;
      sum_a += a[i];
      sum_b += b[i];
      squares += b[i] * b[i];
    }
    tied_time += (sum_b * sum_b - squares) / 2;
    double later = 0;
    for (int64_t i = run_end[r]; i-- > run_begin[r];) {
      total[i] -= a[i] * later;
      later += b[i];
    }
  }
  for (double t : total) denominator += t / 2;  // each pair stands with both of its rows
}

// Sorts rows by risk and adds to each the weight of the concordant pairs it is in.
void count_concordant(std::vector<Row>& rows, std::vector<Row>& other) {
  const int64_t n = int64_t(rows.size());
  for (int64_t width = 1; width < n; width *= 2) {
    for (int64_t begin = 0; begin < n; begin += 2 * width) {
      const int64_t middle = std::min(begin + width, n), end = std::min(begin + 2 * width, n);
      double less = 0, more = 0;  // later weight of less risk so far; earlier weight of more risk to come
      for (int64_t i = begin; i < middle; ++i) more += rows[i].a;
      int64_t i = begin, j = middle;
      for (int64_t k = begin; k < end; ++k) {
        if (j == end || (i < middle && rows[i].risk <= rows[j].risk)) {
          other[k] = rows[i++];
          other[k].pairs += other[k].a * less;
          more -= other[k].a;
        } else {
          other[k] = rows[j++];
          other[k].pairs += other[k].b * more;
          less += other[k].b;
        }
      }
    }
    rows.swap(other);
  }
}

// Events at one time are no pair: takes back what the merges counted among them.
void take_back_tied_times(const Comparable& c, const double* risk, std::vector<double>& concordant,
                          std::vector<double>& tied) {
  std::vector<int64_t> run;
  for (std::size_t r = 0; r < c.run_begin.size(); ++r) {
    run.clear();
    for (int64_t i = c.run_begin[r]; i < c.run_end[r]; ++i) run.push_back(i);
    std::vector<Row> rows, other(run.size());
    for (int64_t i : run) rows.push_back({risk[c.index[i]], c.a[i], c.b[i], 0.0, i});
    count_concordant(rows, other);
    for (const Row& row : rows) concordant[row.at] -= row.pairs;
    for (std::size_t begin = 0, end; begin < rows.size(); begin = end) {
      double before = 0;
      for (end = begin; end < rows.size() && rows[end].risk == rows[begin].risk; ++end) {
        tied[rows[end].at] -= rows[end].b * before;
        before += rows[end].a;
      }
      double after = 0;
      for (std::size_t i = end; i-- > begin;) {
        tied[rows[i].at] -= rows[i].a * after;
        after += rows[i].b;
      }
    }
  }
}

void add_tied_risks(const std::vector<Row>& rows, std::vector<double>& tied) {
  const std::size_t n = rows.size();
  for (std::size_t begin = 0, end; begin < n; begin = end) {
    for (end = begin + 1; end < n && rows[end].risk == rows[begin].risk;) ++end;
    if (end - begin == 1) continue;
    double before = 0, after = 0;
    for (std::size_t i = begin; i < end; ++i) {
      tied[rows[i].at] += rows[i].b * before;
      before += rows[i].a;
    }
    for (std::size_t i = end; i-- > begin;) {
      tied[rows[i].at] += rows[i].a * after;
      after += rows[i].b;
    }
  }
}

}  // namespace

void concordance(const Concordance& c, int64_t first, int64_t last) {
  const Comparable pairs(c);
  const double D = pairs.denominator;
  std::vector<Row> rows(c.n), other(c.n);
  std::vector<double> concordant(c.n), tied(c.n);
  for (int64_t column = first; column < last; ++column) {
    const double* risk = c.risk + column * c.n;
    for (int64_t i = 0; i < c.n; ++i) rows[i] = {risk[pairs.index[i]], pairs.a[i], pairs.b[i], 0.0, i};
    count_concordant(rows, other);
    std::fill(tied.begin(), tied.end(), 0.0);
    for (const Row& row : rows) concordant[row.at] = row.pairs;
    add_tied_risks(rows, tied);
    take_back_tied_times(pairs, risk, concordant, tied);
    double sum_concordant = 0, sum_tied = 0;
    for (int64_t i = 0; i < c.n; ++i) sum_concordant += concordant[i], sum_tied += tied[i];
    sum_concordant /= 2;
    sum_tied /= 2;
    const double C = D > 0 ? (sum_concordant + sum_tied / 2) / D : std::numeric_limits<double>::quiet_NaN();
    double squares = 0;
    for (int64_t i = 0; i < c.n; ++i) {
      const double influence = concordant[i] + tied[i] / 2 - C * pairs.total[i];
      squares += influence * influence;
    }
    c.concordant[column] = sum_concordant;
    c.tied[column] = sum_tied;
    c.discordant[column] = D - sum_concordant - sum_tied;
    c.std_error[column] = std::sqrt(squares) / D;
  }
  if (first == 0) *c.tied_time = pairs.tied_time;
}

}  // namespace marey::survival
