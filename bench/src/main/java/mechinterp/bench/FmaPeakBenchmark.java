package mechinterp.bench;

import java.util.concurrent.TimeUnit;
import mechinterp.kernel.WorkerPool;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** The peak that all other figures are a share of, to run beside them. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class FmaPeakBenchmark {
  /** Threads that compute at once. */
  @Param({"2"})
  public int threads = 2;

  private WorkerPool workers = new WorkerPool(1);
  private FmaProbe probe = new FmaProbe(workers);

  /** Starts the threads. */
  @Setup(Level.Trial)
  public void start() {
    workers.close();
    workers = new WorkerPool(threads);
    probe = new FmaProbe(workers);
  }

  /** Ends the threads. */
  @TearDown(Level.Trial)
  public void stop() {
    workers.close();
  }

  /** The speed of the last call. */
  @AuxCounters(AuxCounters.Type.EVENTS)
  @State(Scope.Thread)
  public static class Speed {
    /** Operations a second in units of 10^9. */
    public double gigaflops;
  }

  /** One round of multiply-adds on registers. */
  @Benchmark
  public double peak(Speed speed) {
    speed.gigaflops = probe.gigaflops();
    return speed.gigaflops;
  }
}
