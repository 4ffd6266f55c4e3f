// Ragged rows as the kernels see them: values[total][n_channels], row r at steps offsets[r] .. offsets[r + 1].
//
// A row longer than `piece_steps` is worked on in pieces of that many steps, counted from the row's own start, and the
// pieces' results are joined in order. Neither threads nor the rows beside it move a piece, so none changes a bit.
#pragma once
#include <algorithm>
#include <cstdint>

namespace marey::ragged {

struct Rows {
  const std::int64_t* offsets = nullptr;
  std::int64_t n_rows = 0, n_channels = 1, total = 0;
  std::int64_t longest = 0;  // steps of the longest row

  // A second pass over a piece, some channels at a time, finds it in the cache.
  std::int64_t piece_steps() const noexcept {
    return std::max<std::int64_t>(512, 4096 / std::max<std::int64_t>(1, n_channels));
  }

  // Work items for for_pieces: one for each step and one for each row, so that empty rows count too.
  std::int64_t items() const noexcept { return n_channels == 0 ? 0 : total + n_rows; }

  // Items to a thread so that it has work for more than its start costs.
  std::int64_t grain() const noexcept {
    return std::max<std::int64_t>(1, 32768 / std::max<std::int64_t>(1, n_channels));
  }

  // The last row that begins at or before this item.
  std::int64_t row_of(std::int64_t item) const noexcept {
    std::int64_t low = 0, high = n_rows;
    while (high - low > 1) {
      const std::int64_t middle = low + (high - low) / 2;
      (offsets[middle] + middle <= item ? low : high) = middle;
    }
    return low;
  }

  // Scratch for the pieces of long rows. A piece's slot follows from where it begins: blocks of piece_steps steps hold
  // at most one first piece of a long row and one later piece.
  std::int64_t slots() const noexcept { return 2 * (total / piece_steps() + 1); }
  std::int64_t slot(std::int64_t row_begin, std::int64_t piece_begin) const noexcept {
    return 2 * (piece_begin / piece_steps()) + (piece_begin == row_begin);
  }
  bool any_long() const noexcept { return longest > piece_steps(); }
};

// Steps begin .. end of the row that starts at row_begin; `whole` if that is all of it.
struct Piece {
  std::int64_t row, row_begin, begin, end;
  bool whole;
};

// Calls visit(piece) for the pieces of this row whose first item lies in [first, last).
template <typename Visit>
void for_pieces_of(const Rows& rows, std::int64_t row, std::int64_t first, std::int64_t last, Visit&& visit) {
  const std::int64_t most = rows.piece_steps(), begin = rows.offsets[row], end = rows.offsets[row + 1];
  const std::int64_t item = begin + row;
  if (end - begin <= most) {
    if (item >= first && item < last) visit(Piece{row, begin, begin, end, true});
    return;
  }
  const std::int64_t skipped = item >= first ? 0 : (first - item + most - 1) / most;
  for (std::int64_t at = begin + skipped * most; at < end && at + row < last; at += most) {
    visit(Piece{row, begin, at, std::min(at + most, end), false});
  }
}

// The same for all rows.
template <typename Visit>
void for_pieces(const Rows& rows, std::int64_t first, std::int64_t last, Visit&& visit) {
  for (std::int64_t row = rows.row_of(first); row < rows.n_rows && rows.offsets[row] + row < last; ++row) {
    for_pieces_of(rows, row, first, last, visit);
  }
}

// Calls visit(row, begin, end) for every row that was cut.
template <typename Visit>
void for_long_rows(const Rows& rows, Visit&& visit) {
  const std::int64_t most = rows.piece_steps();
  for (std::int64_t row = 0; row < rows.n_rows; ++row) {
    if (rows.offsets[row + 1] - rows.offsets[row] > most) visit(row, rows.offsets[row], rows.offsets[row + 1]);
  }
}

}  // namespace marey::ragged
