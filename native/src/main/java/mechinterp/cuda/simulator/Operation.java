package mechinterp.cuda.simulator;

/** What an instruction does for some lanes of a warp. */
interface Operation {
  /**
   * Does it.
   *
   * @param lanes a bit for each lane that takes part
   */
  void run(Warp warp, int lanes);

  /** A function of three registers. */
  interface Ternary {
    long apply(long a, long b, long c);
  }

  /** A function of one register. */
  interface Unary {
    long apply(long a);
  }

  /** A function of two registers. */
  interface Binary {
    long apply(long a, long b);
  }

  /** to = f(a), in each lane. */
  static Operation of(int to, int a, Unary f) {
    return (warp, lanes) -> {
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        warp.set(to, lane, f.apply(warp.get(a, lane)));
      }
    };
  }

  /** to = f(a, b), in each lane. */
  static Operation of(int to, int a, int b, Binary f) {
    return (warp, lanes) -> {
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        warp.set(to, lane, f.apply(warp.get(a, lane), warp.get(b, lane)));
      }
    };
  }

  /** to = f(a, b, c), in each lane. */
  static Operation of(int to, int a, int b, int c, Ternary f) {
    return (warp, lanes) -> {
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        warp.set(to, lane, f.apply(warp.get(a, lane), warp.get(b, lane), warp.get(c, lane)));
      }
    };
  }
}
