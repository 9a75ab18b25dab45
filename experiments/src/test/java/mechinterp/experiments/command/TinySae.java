package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.random.RandomStream;
import mechinterp.sae.Sae;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.file.SaeFiles;
import mechinterp.sae.file.SaeMetadata;

/** An autoencoder with random weights for {@link TinyGpt2}. */
final class TinySae {
  /** What it is of. */
  static final SaeMetadata METADATA = SaeMetadata.of("tiny", "blocks.0.hook_resid_post");

  private TinySae() {}

  /** Writes it into a new folder. */
  static void write(Path folder, int dSae, SaeMetadata metadata) throws IOException {
    try (Device device = CpuDevice.scalar()) {
      Sae random = Sae.allocate(device, new TopKConfig(TinyGpt2.CONFIG.dModel(), dSae, 3));
      random
          .parameters()
          .forEach(each -> {
            float[] values = new float[(int) each.value().size()];
            RandomStream.of(4, each.name()).fillGaussian(values, 0, 1);
            device.upload(each.value(), values, 0);
          });
      random.weightsChanged();
      SaeFiles.save(random, folder, metadata);
    }
  }
}
