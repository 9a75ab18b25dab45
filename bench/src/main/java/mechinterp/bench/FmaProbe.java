package mechinterp.bench;

import java.util.function.LongSupplier;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import mechinterp.kernel.WorkerPool;

/**
 * How many floating-point operations a second the machine can do at most, measured: independent
 * chains of fused multiply-adds on registers, on every thread at once. A kernel's speed is quoted
 * as a share of it, because these figures drift with the machine while shares do not.
 */
final class FmaProbe {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int CHAINS = 12;
  private static final int OPERATIONS_PER_FMA = 2;
  private static final int STEPS = 400_000;

  private final WorkerPool workers;
  private final float[] results;

  FmaProbe(WorkerPool workers) {
    this.workers = workers;
    results = new float[workers.threads()];
  }

  /** Returns operations a second in units of 10^9, one multiply-add counted as two. */
  double gigaflops() {
    return gigaflops(System::nanoTime);
  }

  /** The same by another clock. */
  double gigaflops(LongSupplier nanos) {
    long start = nanos.getAsLong();
    workers.run(workers.threads(), (task, thread) -> results[task] = chains(STEPS, 1 + task));
    double operations =
        (double) STEPS * CHAINS * SPECIES.length() * OPERATIONS_PER_FMA * workers.threads();
    return operations / (nanos.getAsLong() - start);
  }

  private static float chains(int steps, float start) {
    FloatVector f = FloatVector.broadcast(SPECIES, 0.999f);
    FloatVector g = FloatVector.broadcast(SPECIES, 0.001f);
    FloatVector a = FloatVector.broadcast(SPECIES, start);
    FloatVector b = a;
    FloatVector c = a;
    FloatVector d = a;
    FloatVector e = a;
    FloatVector h = a;
    FloatVector i = a;
    FloatVector j = a;
    FloatVector k = a;
    FloatVector l = a;
    FloatVector m = a;
    FloatVector n = a;
    for (int step = 0; step < steps; step++) {
      a = a.fma(f, g);
      b = b.fma(f, g);
      c = c.fma(f, g);
      d = d.fma(f, g);
      e = e.fma(f, g);
      h = h.fma(f, g);
      i = i.fma(f, g);
      j = j.fma(f, g);
      k = k.fma(f, g);
      l = l.fma(f, g);
      m = m.fma(f, g);
      n = n.fma(f, g);
    }
    return a.add(b)
        .add(c)
        .add(d)
        .add(e)
        .add(h)
        .add(i)
        .add(j)
        .add(k)
        .add(l)
        .add(m)
        .add(n)
        .reduceLanes(VectorOperators.ADD);
  }
}
