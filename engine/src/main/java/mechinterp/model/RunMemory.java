package mechinterp.model;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.device.Workspace;
import mechinterp.tensor.FloatMatrix;

/**
 * Where the stages of a run get the matrices in which they compute, each with a row for each token.
 *
 * <p>A stage asks for a matrix by two names: its own and a shared one. In a forward run all who
 * name the same shared matrix get the same one, so every block computes in the place of the one
 * before, and a stage says by one name for two activations that the second may take the first one's
 * place. In a run for gradients an activation that the backward pass reads has a matrix of its own.
 * So one declaration serves all runs, and plans count what is allocated.
 */
public final class RunMemory {
  /** What is to come after the forward pass. */
  enum Purpose {
    /** Nothing. */
    FORWARD,
    /** Gradients of activations. */
    GRADIENTS,
    /** Gradients of activations and of parameters. */
    TRAINING
  }

  private final Purpose purpose;
  private final Allocation allocation;
  private final int tokens;
  private final Map<String, FloatMatrix> views;
  private final String owner;
  private final String sharedPrefix;

  private RunMemory(
      Purpose purpose,
      Allocation allocation,
      int tokens,
      Map<String, FloatMatrix> views,
      String owner,
      String sharedPrefix) {
    this.purpose = purpose;
    this.allocation = allocation;
    this.tokens = tokens;
    this.views = views;
    this.owner = owner;
    this.sharedPrefix = sharedPrefix;
  }

  /** The matrices of as many rows as a run may have tokens. */
  private record Allocation(Workspace workspace, int capacity, Map<String, FloatMatrix> matrices) {
    FloatMatrix matrix(String name, int cols) {
      return matrices.computeIfAbsent(name, n -> workspace.floats(n, capacity, cols));
    }
  }

  /** What stages ask for, so that it is there when they run. */
  interface Declaration extends Consumer<RunMemory> {}

  /**
   * Allocates for runs of up to {@code tokens} tokens.
   *
   * @throws mechinterp.device.InsufficientMemoryException when it does not fit
   */
  static RunMemory allocate(
      String what, Device device, Purpose purpose, int tokens, Declaration declaration) {
    return Workspace.allocate(what, device, w -> declare(w, purpose, tokens, declaration));
  }

  static MemoryPlan plan(
      String what, Device device, Purpose purpose, int tokens, Declaration declaration) {
    return Workspace.plan(what, device, w -> declare(w, purpose, tokens, declaration));
  }

  private static RunMemory declare(
      Workspace workspace, Purpose purpose, int tokens, Declaration declaration) {
    Allocation allocation = new Allocation(workspace, tokens, new HashMap<>());
    RunMemory memory = new RunMemory(purpose, allocation, tokens, new HashMap<>(), "", "");
    declaration.accept(memory);
    return memory;
  }

  int capacity() {
    return allocation.capacity();
  }

  /** Returns the memory of a run of fewer tokens: the first rows of the same matrices. */
  RunMemory first(int fewer) {
    return new RunMemory(purpose, allocation, fewer, new HashMap<>(), owner, sharedPrefix);
  }

  /** Returns the same memory for the stage {@code name}, to which its own matrices belong. */
  public RunMemory of(String name) {
    return new RunMemory(purpose, allocation, tokens, views, name + ".", sharedPrefix);
  }

  /**
   * Returns where the gradients of the activations go, in a run that computes them: one matrix for
   * all activations that share one in a forward run.
   */
  public Optional<RunMemory> gradients() {
    return purpose == Purpose.FORWARD
        ? Optional.empty()
        : Optional.of(
            new RunMemory(Purpose.FORWARD, allocation, tokens, views, owner, "gradient of "));
  }

  /** Returns the matrix {@code shared} [tokens, cols], the same for all stages. */
  public FloatMatrix shared(String shared, int cols) {
    return view(sharedPrefix + shared, cols);
  }

  /**
   * Returns the matrix [tokens, cols] of an activation that the backward pass reads.
   *
   * @param name its name in this stage
   * @param shared the matrix that it has in a forward run
   */
  public FloatMatrix kept(String name, String shared, int cols) {
    return purpose == Purpose.FORWARD ? shared(shared, cols) : view(owner + name, cols);
  }

  /**
   * Returns the matrix [tokens, cols] of an activation that only gradients of parameters read.
   *
   * @param name its name in this stage
   * @param shared the matrix that it has where no parameters are trained
   */
  public FloatMatrix keptForParameters(String name, String shared, int cols) {
    return purpose == Purpose.TRAINING ? view(owner + name, cols) : shared(shared, cols);
  }

  private FloatMatrix view(String name, int cols) {
    return views.computeIfAbsent(name, n -> allocation.matrix(n, cols).rowRange(0, tokens));
  }
}
