package mechinterp.training;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import mechinterp.activation.ActivationBatches;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.device.Workspace;
import mechinterp.optim.ParameterState;
import mechinterp.tensor.FloatMatrix;

/**
 * Trains several autoencoders of any kinds, sizes, seeds, rates and hook points in one pass over
 * the same batches. Each ends with the bits that {@link SaeTrainer} gives it alone on those
 * batches, also when the sweep goes on from a checkpoint. A member that diverges ends alone.
 */
public final class SaeSweep {
  private final Device device;
  private final List<SweepMember> members;

  /**
   * A sweep over members.
   *
   * @throws IllegalArgumentException when there is none, two have the same name, or their batches
   *     differ in size
   */
  public SaeSweep(Device device, List<SweepMember> members) {
    this.device = device;
    this.members = List.copyOf(members);
    requireMembers();
  }

  private void requireMembers() {
    if (members.isEmpty()) {
      throw new IllegalArgumentException("members: are none; there must be at least one");
    }
    if (members.stream().map(SweepMember::name).distinct().count() < members.size()) {
      throw new IllegalArgumentException(
          "members: are named %s; names must differ"
              .formatted(members.stream().map(SweepMember::name).toList()));
    }
    for (SweepMember member : members) {
      if (member.train().batchSize() != batchSize()) {
        throw new IllegalArgumentException(
            "%s: batch_size is %d, that of %s is %d; they must be equal"
                .formatted(
                    member.name(),
                    member.train().batchSize(),
                    members.getFirst().name(),
                    batchSize()));
      }
    }
  }

  private int batchSize() {
    return members.getFirst().train().batchSize();
  }

  /** Returns the number of steps of the longest member. */
  public int steps() {
    return members.stream().mapToInt(member -> member.train().steps()).max().orElse(0);
  }

  /** What a checkpoint must agree with. */
  private record Settings(List<SweepMember> members) {}

  /**
   * Trains all members on the next tokens of {@code batches}.
   *
   * @throws IllegalArgumentException when a d_in is not the width of the data's activations
   * @throws mechinterp.device.InsufficientMemoryException before the first step, when the buffers
   *     do not fit
   * @throws TrainingException when no member can go on
   */
  public SweepResult train(ActivationBatches batches, SweepListener listener) {
    Run run = new Run(batches, listener);
    run.begin(List.of());
    while (!run.isFinished()) {
      run.step();
    }
    return run.result();
  }

  /**
   * Trains all members as {@link #train(ActivationBatches, SweepListener)} does, from the newest
   * checkpoint if there is one, and saves checkpoints.
   *
   * @throws IOException when a checkpoint cannot be read or written
   * @throws IllegalArgumentException also when the checkpoint belongs to other settings or data
   */
  public SweepResult train(
      ActivationBatches batches, SweepListener listener, Checkpoints checkpoints)
      throws IOException {
    Run run = new Run(batches, listener);
    TrainingState state = run.state();
    run.begin(checkpoints.restore(state, SweepStep.class));
    while (!run.isFinished()) {
      run.step();
      if (run.isFinished() || checkpoints.isDue(run.history.size())) {
        checkpoints.save(state, run.history);
      }
    }
    return run.result();
  }

  /** Returns what training holds on the device for activations of a width. */
  public MemoryPlan plan(int dIn) {
    return Workspace.plan(purpose(), device, buffers(dIn));
  }

  /** With the model that goes on with reconstructions once: all members share it. */
  private MemoryPlan wholePlan(ActivationBatches batches) {
    MemoryPlan own = plan(batches.dIn());
    return members.stream()
        .flatMap(member -> SaeRun.downstreamPlan(member.train(), batches).stream())
        .max(Comparator.comparingLong(MemoryPlan::total))
        .map(model -> own.and("end to end", model))
        .orElse(own);
  }

  /** Returns about how many bytes the weights of all members take in files. */
  public long weightBytes(int dIn) {
    return Float.BYTES * counted(dIn).values().stream().mapToLong(SaeTraining::weightNumbers).sum();
  }

  /** Returns about how many bytes a checkpoint takes, without its metrics. */
  public long stateBytes(int dIn) {
    return Float.BYTES * counted(dIn).values().stream().mapToLong(SaeTraining::stateNumbers).sum();
  }

  /** Returns what is trained, without memory. */
  private Map<String, SaeTraining> counted(int dIn) {
    Map<String, SaeTraining> counted = new LinkedHashMap<>();
    Workspace.plan(
        purpose(),
        device,
        workspace -> {
          counted.putAll(buffers(dIn).apply(workspace).trainings());
          return counted;
        });
    return counted;
  }

  /**
   * Returns about how many seconds the whole pass will take: the sum of what {@link
   * SaeTrainer#rehearse} finds for the members.
   *
   * @return empty where a member is of some columns alone, or cannot be rehearsed
   */
  public Optional<Double> rehearse(ActivationBatches batches) {
    double seconds = 0;
    for (SweepMember member : members) {
      Optional<Double> own =
          member.firstColumn().isPresent()
              ? Optional.empty()
              : new SaeTrainer(device, member.train()).rehearse(member.sae(), batches);
      if (own.isEmpty()) {
        return own;
      }
      seconds += own.get();
    }
    return Optional.of(seconds);
  }

  private String purpose() {
    return "training of %d autoencoders (batch %d)".formatted(members.size(), batchSize());
  }

  private Function<Workspace, Buffers> buffers(int dIn) {
    return workspace -> {
      FloatMatrix batch = workspace.floats("batch", batchSize(), dIn);
      Map<String, SaeTraining> trainings = new LinkedHashMap<>();
      for (SweepMember member : members) {
        trainings.put(
            member.name(),
            new SaeTraining(
                workspace.within(member.name()),
                member.columnsOf(batch),
                member.sae(),
                member.train()));
      }
      boolean hasParts = members.stream().anyMatch(each -> each.firstColumn().isPresent());
      Optional<FloatMatrix> wide =
          hasParts
              ? Optional.of(workspace.floats("sample of all columns", batchSize(), dIn))
              : Optional.empty();
      return new Buffers(batch, wide, trainings);
    };
  }

  /** The batch, a second one that members with some columns read samples into, and the rest. */
  private record Buffers(
      FloatMatrix batch, Optional<FloatMatrix> wide, Map<String, SaeTraining> trainings) {}

  /** A pass from its first or a later step on. */
  private final class Run {
    private final ActivationBatches batches;
    private final SweepListener listener;
    private final FloatMatrix batch;
    private final Map<String, SaeRun> runs = new LinkedHashMap<>();
    private final Map<String, ActivationBatches> own = new HashMap<>();
    private final Map<String, String> failed = new LinkedHashMap<>();
    private final List<SweepStep> history = new ArrayList<>();
    private final Speed speed = new Speed();

    Run(ActivationBatches batches, SweepListener listener) {
      members.stream()
          .filter(member -> member.firstColumn().isEmpty())
          .forEach(member -> SaeRun.requireWidth(member.sae(), batches));
      this.batches = batches;
      this.listener = listener;
      MemoryPlan plan = wholePlan(batches);
      plan.requireFits(device);
      listener.planned(plan);
      Buffers buffers = Workspace.allocate(purpose(), device, buffers(batches.dIn()));
      this.batch = buffers.batch();
      for (SweepMember member : members) {
        String name = member.name();
        SaeTraining training = Objects.requireNonNull(buffers.trainings().get(name));
        own.put(
            name,
            buffers
                .wide()
                .filter(_ -> member.firstColumn().isPresent())
                .<ActivationBatches>map(wide -> new MemberBatches(batches, device, member, wide))
                .orElse(batches));
        runs.put(
            name,
            new SaeRun(
                member.sae(), member.train(), training, warning -> listener.warned(name, warning)));
      }
    }

    TrainingState state() {
      List<ParameterState> parameters = new ArrayList<>();
      Map<String, FloatMatrix> matrices = new LinkedHashMap<>();
      Map<String, long[]> numbers = new LinkedHashMap<>();
      runs.forEach((name, run) -> {
        run.parameters().forEach(each -> parameters.add(each.within(name)));
        run.matrices().forEach((matrix, value) -> matrices.put(name + "/" + matrix, value));
        run.numbers().forEach((number, value) -> numbers.put(name + "/" + number, value));
      });
      return new TrainingState(
          new Settings(members), batches.identity(), device, parameters, matrices, numbers);
    }

    void begin(List<SweepStep> restored) {
      history.addAll(restored);
      listener.resumed(restored);
      runs.forEach((name, run) -> {
        List<StepMetrics> before =
            restored.stream()
                .flatMap(step -> Optional.ofNullable(step.members().get(name)).stream())
                .toList();
        run.begin(before, batchesOf(name));
        if (before.size() < Math.min(restored.size(), run.steps())) {
          failed.put(name, "stopped after step %d".formatted(before.size()));
        }
      });
      batches.seek(batches.position() + (long) restored.size() * batchSize());
      speed.begin();
    }

    private ActivationBatches batchesOf(String name) {
      return Objects.requireNonNull(own.get(name));
    }

    boolean isFinished() {
      return history.size() == steps();
    }

    void step() {
      batches.next(batch);
      Map<String, StepMetrics> metrics = new LinkedHashMap<>();
      runs.forEach((name, run) -> {
        if (!run.isFinished() && !failed.containsKey(name)) {
          step(name, run).ifPresent(found -> metrics.put(name, found));
        }
      });
      SweepStep found = new SweepStep(metrics);
      history.add(found);
      listener.step(history.size(), steps(), found, speed.after(batchSize()));
    }

    /** Lets a member fail alone, as long as another one goes on. */
    private Optional<StepMetrics> step(String name, SaeRun run) {
      try {
        return Optional.of(run.step(batchesOf(name)));
      } catch (TrainingException e) {
        String reason = String.valueOf(e.getMessage());
        failed.put(name, reason);
        if (failed.size() == runs.size()) {
          throw e;
        }
        listener.failed(name, reason);
        return Optional.empty();
      }
    }

    SweepResult result() {
      Map<String, TrainedSae> trained = new LinkedHashMap<>();
      runs.forEach((name, run) -> {
        if (!failed.containsKey(name)) {
          trained.put(name, run.trained());
        }
      });
      return new SweepResult(trained, failed);
    }
  }
}
