package mechinterp.nn;

import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/** A vector for each id. */
public sealed interface Embedding {
  /** out[t] = the vector of ids[t]; out is [tokens, width], ids [1, tokens]. */
  void forward(FloatMatrix out, IntMatrix ids);

  /** Adds the rows of dOut to the gradients of their ids' vectors, where these are a parameter. */
  void addGradients(FloatMatrix dOut, IntMatrix ids);

  /** Returns the number of ids. */
  int size();

  /** Returns the columns of a vector. */
  int width();

  /**
   * Returns an embedding with a table of its own.
   *
   * @param table row i is the vector of id i [ids, width]
   */
  static Embedding of(Device device, Weight table) {
    return new Table(device.kernels(), table);
  }

  /**
   * Returns an embedding that reads a fixed unembedding's columns, so that both are held once.
   *
   * @param unembedding with W [width, ids]
   */
  static Embedding tied(Linear unembedding) {
    return new Tied(unembedding);
  }

  /**
   * An embedding with a table of its own.
   *
   * @param kernels that compute
   * @param table row i is the vector of id i [ids, width]
   */
  record Table(Kernels kernels, Weight table) implements Embedding {
    @Override
    public void forward(FloatMatrix out, IntMatrix ids) {
      kernels.gatherRows(out, table.value(), ids);
    }

    @Override
    public void addGradients(FloatMatrix dOut, IntMatrix ids) {
      table
          .parameter()
          .ifPresent(parameter -> kernels.scatterAddRows(parameter.gradient(), dOut, ids));
    }

    @Override
    public int size() {
      return table.value().rows();
    }

    @Override
    public int width() {
      return table.value().cols();
    }
  }

  /**
   * The columns of an unembedding.
   *
   * @param unembedding with W [width, ids]
   */
  record Tied(Linear unembedding) implements Embedding {
    @Override
    public void forward(FloatMatrix out, IntMatrix ids) {
      unembedding.gatherColumns(out, ids);
    }

    @Override
    public void addGradients(FloatMatrix dOut, IntMatrix ids) {}

    @Override
    public int size() {
      return unembedding.out();
    }

    @Override
    public int width() {
      return unembedding.in();
    }
  }
}
