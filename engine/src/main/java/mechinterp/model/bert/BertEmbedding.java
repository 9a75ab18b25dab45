package mechinterp.model.bert;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import mechinterp.kernel.Kernels;
import mechinterp.model.BatchInput;
import mechinterp.model.Buffers;
import mechinterp.model.HookPoint;
import mechinterp.model.Hooks;
import mechinterp.model.Stage;
import mechinterp.model.TransformerConfig;
import mechinterp.model.WeightLoader;
import mechinterp.nn.Embedding;
import mechinterp.nn.LayerNorm;
import mechinterp.tensor.FloatMatrix;

/**
 * residual = layerNorm(word[id] + position[place] + type[0]). Every token is of type 0, that of
 * single texts.
 */
final class BertEmbedding implements Stage {
  private static final HookPoint EMBED = HookPoint.outside("embed.hook_embed");
  private static final HookPoint POS_EMBED = HookPoint.outside("embed.hook_pos_embed");
  private static final HookPoint TYPE_EMBED = HookPoint.outside("embed.hook_token_type_embed");
  private static final HookPoint FULL_EMBED = HookPoint.outside("hook_full_embed");

  private final Kernels kernels;
  private final Embedding words;
  private final Embedding positions;
  private final Embedding types;
  private final LayerNorm norm;

  BertEmbedding(TransformerConfig config, WeightLoader weights) throws IOException {
    kernels = weights.device().kernels();
    int width = config.dModel();
    words = weights.embedding("embeddings.word_embeddings", config.dVocab(), width);
    positions = weights.embedding("embeddings.position_embeddings", config.nCtx(), width);
    types =
        weights.embedding(
            "embeddings.token_type_embeddings", config.embedding().tokenTypes(), width);
    norm = weights.layerNorm("embeddings.LayerNorm", width, config.norm().epsilon());
  }

  @Override
  public SequencedMap<HookPoint, Integer> hookPoints() {
    SequencedMap<HookPoint, Integer> points = new LinkedHashMap<>();
    points.put(EMBED, words.width());
    points.put(POS_EMBED, words.width());
    points.put(TYPE_EMBED, words.width());
    points.put(FULL_EMBED, words.width());
    return points;
  }

  @Override
  public void forward(Buffers buffers, BatchInput input, Hooks hooks) {
    FloatMatrix sum = buffers.branch();
    FloatMatrix part = buffers.residual();
    words.forward(sum, input.ids());
    hooks.at(EMBED, sum);
    positions.forward(part, input.positions());
    hooks.at(POS_EMBED, part);
    kernels.add(sum, sum, part);
    kernels.fill(part, 0);
    kernels.addRow(part, part, types.vector(0), 1);
    hooks.at(TYPE_EMBED, part);
    kernels.add(sum, sum, part);
    norm.forward(buffers.residual(), buffers.scale(), sum);
    hooks.at(FULL_EMBED, buffers.residual());
  }
}
