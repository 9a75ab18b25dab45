package mechinterp.cuda.simulator;

import mechinterp.cuda.ptx.PtxOperand;
import mechinterp.cuda.ptx.PtxType;

/** Instructions that lanes of a warp do together; the last operand names the lanes. */
final class WarpInstructions {
  private WarpInstructions() {}

  static Step decode(Decoding d) {
    if (!d.has("sync")) {
      throw d.refuse("without .sync it is not supported");
    }
    Operation operation =
        switch (d.opcode()) {
          case "shfl" -> shuffle(d);
          case "vote" -> vote(d);
          case "match" -> match(d);
          default -> reduction(d);
        };
    return new Step.Together(d.instruction(), d.in(d.operands() - 1), operation);
  }

  private enum Direction {
    UP,
    DOWN,
    BUTTERFLY,
    INDEX
  }

  private static Operation shuffle(Decoding d) {
    d.allow("sync", "up", "down", "bfly", "idx");
    Direction direction =
        d.has("up")
            ? Direction.UP
            : d.has("down")
                ? Direction.DOWN
                : d.has("bfly") ? Direction.BUTTERFLY : Direction.INDEX;
    boolean tells = d.operand(0) instanceof PtxOperand.Pair;
    int to =
        d.operand(0) instanceof PtxOperand.Pair(PtxOperand value, var _) ? d.out(value) : d.out();
    int valid = d.operand(0) instanceof PtxOperand.Pair(var _, PtxOperand flag) ? d.out(flag) : to;
    int from = d.in(1);
    int offset = d.in(2);
    int limits = d.in(3);
    return (warp, lanes) -> {
      long[] values = new long[Warp.LANES];
      int inside = 0;
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        int source =
            source(direction, lane, (int) warp.get(offset, lane), (int) warp.get(limits, lane));
        int of = source < 0 ? lane : source;
        requireMember(warp, lanes, lane, of);
        inside |= source < 0 ? 0 : 1 << lane;
        values[lane] = PtxType.B32.truncate(warp.get(from, of));
      }
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        warp.set(to, lane, values[lane]);
        if (tells) {
          warp.set(valid, lane, inside >>> lane & 1);
        }
      }
    };
  }

  private static void requireMember(Warp warp, int lanes, int lane, int source) {
    if ((lanes >>> source & 1) == 0) {
      warp.enter(lane);
      throw new FaultException(
          Fault.DIVERGENT_WARP, "it reads from lane " + source + ", which does not take part");
    }
  }

  /** The lane to read from, as the PTX manual has it; -1 when it is outside the lane's segment. */
  private static int source(Direction direction, int lane, int offset, int limits) {
    int by = offset & 0x1F;
    int clamp = limits & 0x1F;
    int segment = limits >> 8 & 0x1F;
    int most = (lane & segment) | (clamp & ~segment);
    int least = lane & segment;
    return switch (direction) {
      case UP -> lane - by >= most ? lane - by : -1;
      case DOWN -> lane + by <= most ? lane + by : -1;
      case BUTTERFLY -> (lane ^ by) <= most ? lane ^ by : -1;
      case INDEX -> (least | (by & ~segment)) <= most ? least | (by & ~segment) : -1;
    };
  }

  private static Operation vote(Decoding d) {
    d.allow("sync", "ballot", "any", "all", "uni");
    boolean negated = d.operand(1) instanceof PtxOperand.Negated;
    int predicate = d.operand(1) instanceof PtxOperand.Negated(PtxOperand of) ? d.in(of) : d.in(1);
    int to = d.out();
    return (warp, lanes) -> {
      int votes = 0;
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        votes |= warp.get(predicate, lane) != 0 != negated ? 1 << lane : 0;
      }
      long result = outcome(d, votes, lanes);
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        warp.set(to, Integer.numberOfTrailingZeros(rest), result);
      }
    };
  }

  private static long outcome(Decoding d, int votes, int lanes) {
    if (d.has("ballot")) {
      return Integer.toUnsignedLong(votes);
    }
    boolean holds =
        d.has("any") ? votes != 0 : d.has("all") ? votes == lanes : votes == 0 || votes == lanes;
    return holds ? 1 : 0;
  }

  /** For each lane the lanes with the same value. */
  private static Operation match(Decoding d) {
    d.allow("sync", "any");
    PtxType type = d.type();
    int to = d.out();
    int from = d.in(1);
    return (warp, lanes) -> {
      long[] masks = new long[Warp.LANES];
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        long same = 0;
        for (int others = lanes; others != 0; others &= others - 1) {
          int other = Integer.numberOfTrailingZeros(others);
          boolean equal =
              type.truncate(warp.get(from, other)) == type.truncate(warp.get(from, lane));
          same |= equal ? 1L << other : 0;
        }
        masks[lane] = same;
      }
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        warp.set(to, lane, masks[lane]);
      }
    };
  }

  private static Operation reduction(Decoding d) {
    d.allow("sync", "add", "min", "max", "and", "or", "xor");
    PtxType type = d.type();
    int to = d.out();
    int from = d.in(1);
    Operation.Binary combine = combination(d, type);
    return (warp, lanes) -> {
      int first = Integer.numberOfTrailingZeros(lanes);
      long result = warp.get(from, first);
      for (int rest = lanes & lanes - 1; rest != 0; rest &= rest - 1) {
        result = combine.apply(result, warp.get(from, Integer.numberOfTrailingZeros(rest)));
      }
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        warp.set(to, Integer.numberOfTrailingZeros(rest), type.truncate(result));
      }
    };
  }

  private static Operation.Binary combination(Decoding d, PtxType type) {
    if (d.has("add")) {
      return Long::sum;
    }
    if (d.has("min")) {
      return (a, b) -> IntegerInstructions.compare(type, a, b) <= 0 ? a : b;
    }
    if (d.has("max")) {
      return (a, b) -> IntegerInstructions.compare(type, a, b) >= 0 ? a : b;
    }
    if (d.has("and")) {
      return (a, b) -> a & b;
    }
    return d.has("or") ? (a, b) -> a | b : (a, b) -> a ^ b;
  }
}
