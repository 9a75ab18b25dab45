package mechinterp.cuda.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.IntUnaryOperator;
import mechinterp.cuda.ptx.PtxException;
import mechinterp.cuda.ptx.PtxModule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What lanes do together, ways that part and join, atomics, memory of each kind. */
class WarpTest {
  private static final int THREADS = 96;

  private static final int EVEN = 0x5555_5555;

  @Test
  void shuffles() {
    check("shfl.sync.bfly.b32 %r, %tid, 5, 31, -1;", t -> t / 32 * 32 + ((t % 32) ^ 5));
    check("shfl.sync.up.b32 %r, %tid, 3, 0, -1;", t -> t % 32 < 3 ? t : t - 3);
    check("shfl.sync.down.b32 %r, %tid, 4, 31, -1;", t -> t % 32 > 27 ? t : t + 4);
    check("shfl.sync.idx.b32 %r, %tid, 9, 31, -1;", t -> t / 32 * 32 + 9);
    // segments of eight lanes, as __shfl_down_sync(mask, x, 1, 8) makes them
    check("shfl.sync.down.b32 %r, %tid, 1, 6175, -1;", t -> t % 8 == 7 ? t : t + 1);
    check(
        "shfl.sync.down.b32 %r|%p, %tid, 1, 31, -1; selp.u32 %r, 1, 0, %p;",
        t -> t % 32 == 31 ? 0 : 1);
  }

  @Test
  void votesMatchesAndReductions() {
    String odd = "and.b32 %r, %tid, 1; setp.ne.u32 %p, %r, 0; ";
    check(odd + "vote.sync.ballot.b32 %r, %p, -1;", t -> ~EVEN);
    check(odd + "vote.sync.ballot.b32 %r, !%p, -1;", t -> EVEN);
    check(odd + "vote.sync.any.pred %q, %p, -1; selp.u32 %r, 1, 0, %q;", t -> 1);
    check(odd + "vote.sync.all.pred %q, %p, -1; selp.u32 %r, 1, 0, %q;", t -> 0);
    check(odd + "match.any.sync.b32 %r, %r, -1;", t -> t % 2 == 1 ? ~EVEN : EVEN);
    check("redux.sync.add.s32 %r, %tid, -1;", t -> 31 * 16 + t / 32 * 32 * 32);
    check("redux.sync.max.s32 %r, %tid, -1;", t -> t / 32 * 32 + 31);
    check("activemask.b32 %r;", t -> -1);
    check("setp.lt.u32 %p, %tid, 8; mov.u32 %r, 0; @%p activemask.b32 %r;", t -> t < 8 ? 255 : 0);
  }

  @Test
  void waysPartAndJoin() {
    check(
        """
        mov.u32 %r, 0;
        loop:
        setp.ge.u32 %p, %r, %tid;
        @%p bra done;
        add.u32 %r, %r, 3;
        bra.uni loop;
        done:
        shfl.sync.idx.b32 %r, %r, 2, 31, -1;
        """,
        t -> (t / 32 * 32 + 2 + 2) / 3 * 3);
    check(
        "setp.gt.u32 %p, %tid, 50; @!%p bra low; mov.u32 %r, 7; bra end; low: mov.u32 %r, 9; end:",
        t -> t > 50 ? 7 : 9);
    // the two halves of a warp shuffle among themselves, at different places
    check(
        """
        and.b32 %r, %tid, 1; setp.ne.u32 %p, %r, 0; @%p bra odd;
        shfl.sync.idx.b32 %r, %tid, 0, 31, 0x55555555; bra end;
        odd: shfl.sync.idx.b32 %r, %tid, 1, 31, 0xaaaaaaaa;
        end:
        """,
        t -> t / 32 * 32 + t % 2);
  }

  @ParameterizedTest
  @EnumSource
  void atomicsAddUpInAnyOrder(LaunchOrder order) {
    String zero = "mov.u32 %r, 0; st.shared.u32 [word], %r; bar.sync 0; ";
    String read = " bar.sync 0; ld.shared.u32 %r, [word];";
    int sum = THREADS * (THREADS - 1) / 2;
    check(order, zero + "atom.shared.add.u32 %r, [word], %tid;" + read, t -> sum);
    check(order, zero + "red.shared.max.s32 [word], %tid;" + read, t -> THREADS - 1);
    check(order, zero + "red.shared.or.b32 [word], %tid;" + read, t -> 127);
    check(order, zero + "atom.shared.cas.b32 %r, [word], 0, 5;" + read, t -> 5);
    check(order, zero + "atom.shared.exch.b32 %r, [word], 8;" + read, t -> 8);
    check(order, zero + "atom.shared.inc.u32 %r, [word], 9;" + read, t -> THREADS % 10);
  }

  @Test
  void memoryOfEachKindAlsoByGenericAddresses() {
    check(
        """
        mov.u64 %a, depot; cvta.local.u64 %a, %a;
        st.u32 [%a+4], %tid; ld.local.u32 %r, [depot+4];
        """,
        t -> t);
    check(
        """
        mul.wide.u32 %b, %tid, 4; mov.u64 %a, words; add.s64 %a, %a, %b; cvta.shared.u64 %a, %a;
        st.u32 [%a], %tid; cvta.to.shared.u64 %a, %a; ld.shared.u32 %r, [%a];
        """,
        t -> t);
    check(
        "and.b32 %r, %tid, 1; mul.wide.u32 %b, %r, 4; mov.u64 %a, table; add.s64 %a, %a, %b;"
            + " ld.const.u32 %r, [%a];",
        t -> t % 2 == 0 ? -7 : 0x3F80_0000);
    check("mov.b64 %a, {%tid, %tid}; shr.u64 %a, %a, 32; mov.b64 {%r, %s}, %a;", t -> t);
    check("{ .reg .b16 %h<2>; mov.b32 {%h0, %h1}, %tid; mov.b32 %r, {%h1, %h0}; }", t -> t << 16);
    check("{ .reg .b32 %r; mov.u32 %r, 1; } mov.u32 %r, 3;", t -> 3);
    check("ld.param.u64 %b, [p0]; ld.global.s8 %r, [%b+3];", t -> -2);
  }

  @Test
  void whatIsNotUnderstoodIsRefusedByLine() {
    for (String statement :
        new String[] {
          "add.sat.s32 %r, %r, %r;",
          "bar.sync 1;",
          "tex.1d.v4.f32.s32 %r, %r;",
          "mov.u32 %r, nothing;"
        }) {
      PtxException e = assertThrows(PtxException.class, () -> check(statement, t -> 0));
      assertEquals("warp.ptx line 11: ", String.valueOf(e.getMessage()).substring(0, 18));
    }
    assertThrows(PtxException.class, () -> PtxModule.parse("a.ptx", "not PTX at all"));
    assertThrows(PtxException.class, () -> check("mov.u32 %unknown, 1;", t -> 0));
    assertThrows(PtxException.class, () -> check("bra nowhere;", t -> 0));
    assertThrows(PtxException.class, () -> PtxModule.parse("a.ptx", ".version 7.8\n.entry k("));
  }

  private static void check(String statements, IntUnaryOperator expected) {
    check(LaunchOrder.FORWARD, statements, expected);
  }

  /**
   * Runs statements that set %r, in three warps, and compares it with what each thread should have.
   */
  private static void check(LaunchOrder order, String statements, IntUnaryOperator expected) {
    String ptx =
        """
        .version 7.8
        .target sm_80
        .address_size 64
        .const .align 4 .b32 table[2] = {-7, 0f3F800000};
        .visible .entry kernel(.param .u64 p0) {
        .reg .pred %p, %q; .reg .b32 %r, %s, %tid; .reg .b64 %out, %a, %b;
        .shared .u32 word; .shared .align 4 .b8 words[384]; .local .align 8 .b8 depot[16];
        mov.u32 %tid, %tid.x; mul.wide.u32 %a, %tid, 4; ld.param.u64 %out, [p0];
        add.s64 %out, %out, 4; add.s64 %out, %out, %a;
        // what is tested
        """
            + statements
            + "\nst.global.u32 [%out], %r; ret; }\n";
    Simulator simulator = new Simulator(order);
    var loaded = simulator.load(PtxModule.parse("warp.ptx", ptx));
    byte[] content = new byte[Integer.BYTES * (THREADS + 1)];
    java.util.Arrays.fill(content, (byte) -2);
    long out = simulator.memory().allocate(content);
    simulator.launch(loaded, "kernel", Launch.of(1, THREADS), new KernelArguments().add(out));
    ByteBuffer results =
        ByteBuffer.wrap(simulator.memory().read(out + 4, Integer.BYTES * THREADS))
            .order(ByteOrder.LITTLE_ENDIAN);
    for (int t = 0; t < THREADS; t++) {
      assertEquals(expected.applyAsInt(t), results.getInt(Integer.BYTES * t), statements + " " + t);
    }
  }
}
