/** Spec files in `dist/ops` of tfjs-core whose operators a model may have at inference. */
export const files: readonly string[] = `
  abs acos acosh add add_n all any arg_max arg_min arithmetic asin asinh atan atanh avg_pool avg_pool_3d basic_lstm_cell
  batch_to_space_nd batchnorm binary_ops bitwise_and broadcast_to ceil clip_by_value concat conv1d conv2d
  conv2d_separable conv2d_transpose conv3d conv3d_transpose cos cosh cumsum depth_to_space depthwise_conv2d einsum elu equal
  erf euclidean_norm exp expand_dims expm1 floor floordiv fused/fused_conv2d fused/fused_depthwise_conv2d
  fused/fused_mat_mul gather gather_nd greater greater_equal image/flip_left_right image/grayscale_to_rgb
  image/resize_bilinear image/resize_nearest_neighbor image/rgb_to_grayscale is_finite is_inf is_nan leaky_relu less
  less_equal local_response_normalization log log1p log_sigmoid log_softmax log_sum_exp logical_and logical_not
  logical_or logical_xor mat_mul max max_pool max_pool_3d mean min mirror_pad moments multi_rnn_cell neg norm
  not_equal one_hot pad pool prod reciprocal relu relu6 reverse reverse_1d reverse_2d reverse_3d reverse_4d round
  rsqrt scatter_nd selu sigmoid sign sin sinh slice slice1d slice2d slice3d slice4d softmax softplus
  space_to_batch_nd split sqrt square squeeze stack step strided_slice sub sum tan tanh tensor_scatter_update tile
  topk transpose unstack where
`
  .trim()
  .split(/\s+/);
