package mechinterp.cuda.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import mechinterp.cuda.KernelFamily;
import mechinterp.cuda.ptx.PtxModule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Kernels that are wrong in one place: the simulator says what, and where. */
class PlantedBugsTest {
  private static final int COLUMNS = 300;

  private final Simulator simulator = new Simulator(LaunchOrder.FORWARD, 1_000_000);

  /**
   * Each of the barriers of our top-k is needed, and its loss is found: as a race, or as a read of
   * what has not been written yet.
   */
  @ParameterizedTest
  @EnumSource
  void everyMissingBarrierOfTopKIsFound(LaunchOrder order) {
    List<String> lines = KernelFamily.TOPK.ptx().lines().toList();
    int barriers = 0;
    for (int i = 0; i < lines.size(); i++) {
      if (!lines.get(i).contains("bar.sync")) {
        continue;
      }
      barriers++;
      List<String> wrong = new java.util.ArrayList<>(lines);
      wrong.set(i, "");
      SimulatorException e =
          assertThrows(
              SimulatorException.class,
              () -> topK(new Simulator(order, 2_000_000), String.join("\n", wrong)),
              "without the barrier in line " + (i + 1));
      assertTrue(e.fault() == Fault.RACE || e.fault() == Fault.UNINITIALISED, e.getMessage());
      assertEquals("topk_rows", e.place().kernel());
    }
    assertTrue(barriers >= 5, barriers + " barriers");
    topK(new Simulator(order, 2_000_000), String.join("\n", lines));
  }

  private static void topK(Simulator simulator, String ptx) {
    var loaded = simulator.load(PtxModule.parse("topk.ptx", ptx));
    int k = 5;
    byte[] row = new byte[Float.BYTES * COLUMNS];
    for (int i = 0; i < COLUMNS; i++) {
      int bits = Float.floatToIntBits(1 + i * 7919 % 101);
      for (int b = 0; b < Float.BYTES; b++) {
        row[Float.BYTES * i + b] = (byte) (bits >> (8 * b));
      }
    }
    GlobalMemory memory = simulator.memory();
    KernelArguments arguments =
        new KernelArguments().add(memory.allocate(row)).add((long) COLUMNS).add(0L);
    arguments.add(COLUMNS).add(k).add(memory.allocate(4 * k)).add(memory.allocate(4 * k));
    simulator.launch(
        loaded, "topk_rows", Launch.of(1, 128), arguments.add(memory.allocate(4)).add(k));
  }

  @Test
  void storeBeyondTheEnd() {
    String ptx = KernelFamily.ELEMENTWISE.ptx();
    int from = ptx.indexOf(".entry fill(");
    int test = ptx.indexOf("setp.ge.s64", from);
    String wrong = ptx.substring(0, test) + "setp.gt.s64" + ptx.substring(test + 11);
    var loaded = simulator.load(PtxModule.parse("elementwise.ptx", wrong));
    long out = simulator.memory().allocate(4 * 21);
    SimulatorException e =
        assertThrows(
            SimulatorException.class,
            () ->
                simulator.launch(
                    loaded,
                    "fill",
                    Launch.of(2, 32),
                    new KernelArguments().add(out).add(7L).add(1f).add(3).add(7)));
    assertEquals(Fault.OUT_OF_BOUNDS, e.fault());
    assertEquals(new Dimensions(21, 0, 0), e.place().thread());
    assertEquals(new Dimensions(0, 0, 0), e.place().block());
    int line = e.place().line();
    assertTrue(wrong.lines().toList().get(line - 1).contains("st.global.f32"), e.getMessage());
    assertTrue(
        String.valueOf(e.getMessage())
            .matches(
                "fill: out of bounds in block \\(0, 0, 0\\), thread \\(21, 0, 0\\),"
                    + " elementwise\\.ptx line \\d+ \\(elementwise\\.cu:\\d+\\): 4 bytes at 0x[0-9a-f]+,"
                    + " 84 bytes from the start of one of 84"),
        e.getMessage());
  }

  @Test
  void tooLittleDynamicSharedMemory() {
    String kernel =
        body(
            """
            mul.wide.u32 %wide, %tid, 4;
            mov.u64 %base, buffer;
            add.s64 %base, %base, %wide;
            st.shared.u32 [%base], %tid;
            """);
    run(kernel, new Launch(Dimensions.of(1), Dimensions.of(64), 256));
    SimulatorException e = fails(kernel, new Launch(Dimensions.of(1), Dimensions.of(64), 252));
    assertEquals(Fault.OUT_OF_BOUNDS, e.fault());
    assertEquals(63, e.place().thread().x());
    assertTrue(
        String.valueOf(e.getMessage()).endsWith("252 bytes into the launch's 252"), e.getMessage());
  }

  @Test
  void sharedVariableTooSmall() {
    String kernel =
        body(
            """
            mul.wide.u32 %wide, %tid, 4;
            mov.u64 %base, first;
            add.s64 %base, %base, %wide;
            st.shared.u32 [%base], %tid;
            """);
    SimulatorException e = fails(kernel, Launch.of(1, 32));
    assertEquals(Fault.OUT_OF_BOUNDS, e.fault());
    assertEquals(16, e.place().thread().x());
    assertTrue(
        String.valueOf(e.getMessage()).endsWith("64 bytes into first of 64"), e.getMessage());
  }

  @Test
  void raceWithinAWarp() {
    String exchange =
        """
        mul.wide.u32 %wide, %tid, 4;
        mov.u64 %base, second;
        add.s64 %base, %base, %wide;
        st.shared.u32 [%base], %tid;
        BARRIER
        xor.b64 %base, %base, 4;
        ld.shared.u32 %r, [%base];
        """;
    run(body(exchange.replace("BARRIER", "bar.warp.sync 0xffffffff;")), Launch.of(1, 32));
    SimulatorException e = fails(body(exchange.replace("BARRIER", "")), Launch.of(1, 32));
    assertEquals(Fault.RACE, e.fault());
  }

  @Test
  void readsOfWhatNobodyWrote() {
    SimulatorException shared = fails(body("ld.shared.u32 %r, [first];"), Launch.of(1, 1));
    assertEquals(Fault.UNINITIALISED, shared.fault());
    SimulatorException global = fails(body("ld.global.u32 %r, [%out+4];"), Launch.of(1, 1));
    assertEquals(Fault.UNINITIALISED, global.fault());
    SimulatorException local = fails(body("ld.local.u32 %r, [depot];"), Launch.of(1, 1));
    assertEquals(Fault.UNINITIALISED, local.fault());
  }

  @Test
  void misalignedStores() {
    SimulatorException scalar = fails(body("st.global.u32 [%out+2], %r;"), Launch.of(1, 1));
    assertEquals(Fault.MISALIGNED, scalar.fault());
    SimulatorException vector =
        fails(body("st.global.v4.u32 [%out+8], {%r, %r, %r, %r};"), Launch.of(1, 1));
    assertEquals(Fault.MISALIGNED, vector.fault());
  }

  @Test
  void useAfterFree() {
    var loaded = simulator.load(module(body("st.global.u32 [%out], %r;")));
    long before = simulator.memory().allocatedBytes();
    long out = simulator.memory().allocate(64);
    assertEquals(before + 64, simulator.memory().allocatedBytes());
    simulator.memory().free(out);
    SimulatorException e =
        assertThrows(
            SimulatorException.class,
            () ->
                simulator.launch(
                    loaded, "kernel", Launch.of(1, 1), new KernelArguments().add(out)));
    assertEquals(Fault.USE_AFTER_FREE, e.fault());
    assertThrows(IllegalArgumentException.class, () -> simulator.memory().free(out));
    assertEquals(before, simulator.memory().allocatedBytes());
  }

  @Test
  void barriersThatNotAllReach() {
    SimulatorException lanes =
        fails(body("setp.eq.u32 %p, %tid, 3; @%p bar.sync 0; bar.sync 0;"), Launch.of(1, 32));
    assertEquals(Fault.DIVERGENT_BARRIER, lanes.fault());
    SimulatorException warps =
        fails(body("setp.lt.u32 %p, %tid, 32; @%p bar.sync 0; bar.sync 0;"), Launch.of(1, 64));
    assertEquals(Fault.DIVERGENT_BARRIER, warps.fault());
  }

  @Test
  void shufflesThatNotAllReach() {
    SimulatorException skipped =
        fails(
            body("setp.ne.u32 %p, %tid, 3; @%p shfl.sync.bfly.b32 %r, %r, 1, 31, -1;"),
            Launch.of(1, 32));
    assertEquals(Fault.DIVERGENT_WARP, skipped.fault());
    SimulatorException halfAWarp =
        fails(body("shfl.sync.bfly.b32 %r, %r, 1, 31, -1;"), Launch.of(1, 16));
    assertEquals(Fault.DIVERGENT_WARP, halfAWarp.fault());
    SimulatorException unnamed =
        fails(body("shfl.sync.bfly.b32 %r, %r, 1, 31, 1;"), Launch.of(1, 32));
    assertEquals(Fault.DIVERGENT_WARP, unnamed.fault());
  }

  @Test
  void endlessLoopsDivisionsByZeroAndWritesToConstants() {
    assertEquals(Fault.TIMEOUT, fails(body("again: bra again;"), Launch.of(1, 1)).fault());
    assertEquals(
        Fault.DIVISION_BY_ZERO,
        fails(body("mov.u32 %r, 0; div.u32 %r, %tid, %r;"), Launch.of(1, 1)).fault());
    assertEquals(
        Fault.READ_ONLY, fails(body("st.global.u32 [table], %tid;"), Launch.of(1, 1)).fault());
  }

  /** A kernel with a pointer, a thread's number and some memory of each kind. */
  private static String body(String statements) {
    return """
    .version 7.8
    .target sm_80
    .address_size 64
    .const .align 4 .u32 table[2] = {1, 2};
    .extern .shared .align 16 .b8 buffer[];
    .visible .entry kernel(.param .u64 p0)
    {
      .reg .pred %p; .reg .b32 %r, %tid; .reg .b64 %out, %wide, %base;
      .shared .align 4 .b8 first[64];
      .shared .align 4 .b8 second[256];
      .local .align 8 .b8 depot[16];
      mov.u32 %tid, %tid.x;
      ld.param.u64 %out, [p0];
    """
        + statements
        + "  ret;\n}\n";
  }

  private static PtxModule module(String ptx) {
    return PtxModule.parse("planted.ptx", ptx);
  }

  private void run(String ptx, Launch launch) {
    var loaded = simulator.load(module(ptx));
    long out = simulator.memory().allocate(64);
    simulator.launch(loaded, "kernel", launch, new KernelArguments().add(out));
  }

  private SimulatorException fails(String ptx, Launch launch) {
    SimulatorException e = assertThrows(SimulatorException.class, () -> run(ptx, launch));
    assertTrue(
        String.valueOf(e.getMessage()).startsWith("kernel: " + e.fault().words()), e.getMessage());
    return e;
  }
}
