package mechinterp.experiments.dashboard;

import java.util.List;

/**
 * What the dashboard's table shows: a row for each latent, in their order.
 *
 * @param title what the dashboard is of
 * @param subtitle on what text
 * @param chunk latents of a file of details
 * @param map whether there is a file with the map
 * @param rows the table
 */
record Overview(String title, String subtitle, int chunk, boolean map, List<Row> rows) {
  /**
   * A latent.
   *
   * @param about the tokens that it is most about
   * @param density share of the tokens on which it is active
   * @param max its largest activation
   * @param mean mean over the tokens on which it is active
   * @param cosine of its encoder and its decoder row
   * @param near largest cosine of its decoder row with another one
   * @param auc of the rule of n-grams; 0 where there is none
   * @param f1 of the rule of n-grams; 0 where there is none
   * @param explanation a judge's; empty where there is none
   * @param detection its balanced accuracy; 0 where there is none
   * @param search text in which a search looks, in lower case
   */
  record Row(
      String about,
      double density,
      double max,
      double mean,
      double cosine,
      double near,
      double auc,
      double f1,
      String explanation,
      double detection,
      String search) {}
}
