package mechinterp.model.family;

/**
 * Which outputs of a file's tensor are the outputs (columns) of a canonical weight, where files
 * join several weights in one tensor or order them in another way.
 */
public sealed interface Outputs {
  /** Returns which output of the file's tensor is output {@code output} of the canonical weight. */
  int place(int output);

  /**
   * Returns how many outputs the file's tensor has, when the canonical weight has {@code count}.
   */
  int inFile(int count);

  /** The same outputs in the same order. */
  record All() implements Outputs {
    @Override
    public int place(int output) {
      return output;
    }

    @Override
    public int inFile(int count) {
      return count;
    }
  }

  /**
   * One of several weights of equal width that lie side by side, such as q, k and v in GPT-2's
   * {@code c_attn}.
   *
   * @param part which, from 0 on
   * @param parts how many
   * @param width outputs of each
   */
  record Part(int part, int parts, int width) implements Outputs {
    @Override
    public int place(int output) {
      return part * width + output;
    }

    @Override
    public int inFile(int count) {
      return parts * count;
    }
  }

  /**
   * One of several weights that take turns head by head, such as q, k and v in GPT-NeoX's {@code
   * query_key_value}: q of head 0, k of head 0, v of head 0, q of head 1, ...
   *
   * @param part which, from 0 on
   * @param parts how many
   * @param dHead outputs of a head
   */
  record HeadByHead(int part, int parts, int dHead) implements Outputs {
    @Override
    public int place(int output) {
      int head = output / dHead;
      return (head * parts + part) * dHead + output % dHead;
    }

    @Override
    public int inFile(int count) {
      return parts * count;
    }
  }

  /**
   * The order of q and k of the architecture llama in GGUF files: the two columns of a head that
   * rotary positions turn as a pair, i and i + dHead / 2, lie side by side.
   *
   * <p>Source: {@code LlamaModel.permute} of llama.cpp's {@code convert_hf_to_gguf.py}.
   *
   * @param dHead outputs of a head
   */
  record PairsSideBySide(int dHead) implements Outputs {
    @Override
    public int place(int output) {
      int inHead = output % dHead;
      int half = inHead / (dHead / 2);
      int pair = inHead % (dHead / 2);
      return output - inHead + 2 * pair + half;
    }

    @Override
    public int inFile(int count) {
      return count;
    }
  }
}
