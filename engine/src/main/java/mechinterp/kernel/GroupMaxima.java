package mechinterp.kernel;

/** The largest positive pre-activation of each group of latents, of some tokens. */
final class GroupMaxima {
  private final int groups;
  private final int groupSize;
  private final float[] values;
  private final int[] latents;

  GroupMaxima(int rows, int latentCount, int groups) {
    this.groups = groups;
    this.groupSize = latentCount / groups;
    this.values = new float[rows * groups];
    this.latents = new int[rows * groups];
  }

  /** Adds a latent, whose number is above those of the row that were added before. */
  void add(int row, int latent, float z) {
    int at = row * groups + latent / groupSize;
    if (z > values[at]) {
      values[at] = z;
      latents[at] = latent;
    }
  }

  /** Adds latents from {@code first} on: products and biases from indices on. */
  void addAll(
      int row, int first, int count, float[] products, int at, float[] biases, int biasesAt) {
    int done = 0;
    while (done < count) {
      int group = (first + done) / groupSize;
      int end = Math.min(count, (group + 1) * groupSize - first);
      int slot = row * groups + group;
      float largest = values[slot];
      int latent = latents[slot];
      for (; done < end; done++) {
        float z = products[at + done] + biases[biasesAt + done];
        if (z > largest) {
          largest = z;
          latent = first + done;
        }
      }
      values[slot] = largest;
      latents[slot] = latent;
    }
  }

  /** Writes the groups of a row that have a positive one. */
  void write(int row, CodeRow codes) {
    for (int slot = row * groups; slot < (row + 1) * groups; slot++) {
      if (values[slot] > 0) {
        codes.add(latents[slot], values[slot]);
      }
    }
    codes.end();
  }
}
