package mechinterp.circuits;

import java.util.List;
import java.util.stream.IntStream;
import mechinterp.model.TokenBatch;
import mechinterp.tensor.FloatMatrix;

/**
 * Sequences that run at once, each the clean or the corrupted prompt of an example; an example may
 * come several times.
 *
 * @param members the example of each sequence, as its number in the task
 * @param tokens the sequences
 */
record ExampleBatch(List<Integer> members, TokenBatch tokens) {
  /** Returns the clean prompts of examples. */
  static ExampleBatch clean(CircuitTask task, List<Integer> members) {
    return new ExampleBatch(
        members,
        TokenBatch.ofIds(members.stream().map(i -> task.examples().get(i).cleanIds()).toList()));
  }

  /** Returns the corrupted prompts of examples. */
  static ExampleBatch corrupt(CircuitTask task, List<Integer> members) {
    return new ExampleBatch(
        members,
        TokenBatch.ofIds(members.stream().map(i -> task.examples().get(i).corruptIds()).toList()));
  }

  /** Returns the last row of each sequence. */
  int[] lastRows() {
    return IntStream.range(0, tokens.sequences()).map(s -> tokens.end(s) - 1).toArray();
  }

  /** Returns the rows of a sequence. */
  FloatMatrix rows(FloatMatrix activation, int sequence) {
    return activation.rowRange(tokens.start(sequence), tokens.end(sequence));
  }

  /** Returns the example that a row belongs to. */
  int member(int row) {
    return members.get(sequenceOf(row));
  }

  private int sequenceOf(int row) {
    int sequence = 0;
    while (tokens.end(sequence) <= row) {
      sequence++;
    }
    return sequence;
  }

  int sequences() {
    return tokens.sequences();
  }
}
