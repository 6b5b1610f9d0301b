"""What people call the exercises in notebooks of their own, in several languages.

Names are compared without case, underscores, digits and the words that say nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

FILLERS = frozenset("layer capa couche camada schicht activation batch forward fwd".split())

# Of probabilities or of scores: names do not tell, so both are tried.
CROSS_ENTROPY = tuple(
    (
        "cross_entropy cross_entropy_loss cross_entropy_error cross_entropy_cost "
        "loss_categorical_crossentropy loss_cross_entropy "
        "categorical_cross_entropy categorical_cross_entropy_loss cat_cross_entropy "
        "crossentropy_categorical multiclass_cross_entropy xentropy x_entropy xent ce ce_loss "
        "cce_loss nll nll_loss negative_log_likelihood log_loss loss cost loss_fn cost_fn "
        "softmax_loss categorical_loss loss_function softmax_cross_entropy "
        "sparse_categorical_cross_entropy cost_function softmax_cross_entropy_loss "
        "softmax_cross_entropy_with_logits softmax_ce cross_entropy_with_logits "
        "cross_entropy_from_logits cross_entropy_from_scores cce_from_logits cce_from_scores "
        "softmax_with_cross_entropy softmax_and_loss sparse_softmax_cross_entropy "
        "log_softmax_loss softmax_loss_vectorized entropy softmax_loss_naive "
        "cross_entropy_softmax softmax_cost compute_cost entropia_cruzada perdida "
        "perdida_entropia_cruzada costo coste funcion_costo funcion_perdida "
        "entropia_cruzada_categorica error_entropia_cruzada entropie_croisee perte cout "
        "fonction_cout perte_entropie_croisee entropie_croisee_categorielle perda custo "
        "perda_entropia_cruzada kreuzentropie kreuzentropie_verlust kreuz_entropie verlust "
        "kosten jiaochashang jiaocha_shang sunshi sunshi_hanshu jiaochashang_sunshi "
        "交叉熵 交叉熵损失 "
        "交叉熵误差 损失 损失函数"
    ).split()
)

# By exercise; a name may stand for several.
NAMES: Mapping[str, Sequence[str]] = {
    "add_bias": (
        "agregar_sesgo anadir_sesgo agregar_bias anadir_bias anadir_unos agregar_unos "
        "adicionar_bias adicionar_vies ajouter_biais ajouter_uns bias_hinzufuegen "
        "bias_anhaengen add_bias_feature add_column_of_ones add_ones append_bias append_ones "
        "add_intercept add_bias_column add_bias_row add_bias_term bias_trick augment with_bias"
    ).split(),
    "init_weights": (
        "inicializar_pesos pesos_iniciales inicializa_pesos iniciar_pesos "
        "inicializar_pesos_aleatorios initialiser_poids initialisation_poids poids_initiaux "
        "gewichte_initialisieren initialisiere_gewichte chushihua_quanzhong init_w "
        "init_params_w initialize_weights initialise_weights weights_init weight_init "
        "random_weights make_weights create_weights"
    ).split(),
    "one_hot": (
        "codificar_one_hot codificacion_one_hot a_one_hot codificacao_one_hot para_one_hot "
        "encodage_one_hot encoder_one_hot vers_one_hot one_hot_kodierung in_one_hot eins_aus_n "
        "dure_bianma dure duire_bianma 独热编码 one_hot_matrix one_hot_encode one_hot_encoder "
        "one_hot_encoding one_hot_labels convert_to_one_hot labels_to_one_hot y_to_one_hot "
        "one_hot_vector to_categorical encode_one_hot make_one_hot onehotify one_hot_y "
        "convert_labels indicator_matrix dense_to_one_hot"
    ).split(),
    "scores": (
        "puntajes puntuaciones puntuacion notas pontuacoes pontuacao punkte rohwerte defen 得分 "
        "linear_forward xianxing score logits linear affine class_scores raw_scores net_input "
        "linear_scores linear_model affine_transform"
    ).split(),
    "softmax": (
        "softmax_estable softmax_estavel softmax_numpy softmax_function funcion_softmax "
        "soft_max softmax_probabilities softmax_probs softmax_rows"
    ).split(),
    "cce": CROSS_ENTROPY,
    "cce_from_scores": CROSS_ENTROPY,
    "numerical_gradient": (
        "gradiente_numerico gradient_numerique numerischer_gradient shuzhi_tidu 数值梯度 grad_num "
        "compute_numerical_gradient numeric_gradient numerical_grad num_grad numeric_grad "
        "num_gradient eval_numerical_gradient finite_difference finite_differences "
        "gradient_numerical finite_difference_gradient grad_numerical"
    ).split(),
    "cce_gradient": (
        "loss_grad cce_derivative gradiente_perdida gradiente_costo derivada_costo gradient_perte "
        "derivada_entropia_cruzada entropia_cruzada_derivada gradiente_entropia_cruzada "
        "derivee_entropie_croisee gradient_entropie_croisee entropie_croisee_derivee "
        "kreuzentropie_ableitung ableitung_kreuzentropie kreuzentropie_gradient "
        "jiaochashang_daoshu jiaochashang_tidu derivada_perdida perdida_derivada perda_derivada "
        "derivada_custo verlust_ableitung cross_entropy_gradient cross_entropy_grad "
        "cross_entropy_derivative cross_entropy_prime grad_cross_entropy cross_entropy_backward "
        "cce_grad categorical_cross_entropy_derivative categorical_cross_entropy_prime "
        "categorical_cross_entropy_gradient cross_entropy_loss_derivative dcross_entropy "
        "loss_derivative loss_prime cross_entropy_loss_gradient"
    ).split(),
    "softmax_jacobian": (
        "derivada_softmax softmax_derivada gradiente_softmax jacobiano_softmax "
        "jacobiana_softmax softmax_jacobiano derivee_softmax softmax_derivee jacobienne_softmax "
        "softmax_jacobienne softmax_ableitung ableitung_softmax softmax_jacobi_matrix "
        "softmax_daoshu softmax_tidu jacobian_matrix softmax_dv jacobian_softmax softmax_grad "
        "softmax_gradient softmax_derivative softmax_prime softmax_deriv d_softmax dsoftmax "
        "derivative_softmax grad_softmax softmax_jacobi jacobian"
    ).split(),
    "batch_gradient": (
        "gradiente gradiente_pesos calcular_gradiente gradient_poids gradient_softmax "
        "softmax_gradient_w gradiente_lote gewichtsgradient tidu 梯度 softmax_loss "
        "softmax_loss_naive softmax_loss_vectorized calculate_gradient gradient grad gradients "
        "weight_gradient gradient_weights grad_w softmax_regression_gradient loss_gradient "
        "gradient_loss"
    ).split(),
    "batch_indices": ("minibatch_indices mini_batch_indices batches_of_indices").split(),
    "l2_gradient": ("l2_grad l2_derivative grad_l2").split(),
    "predict": (
        "predecir predice prediccion predicciones prever predizer predicao previsao predire "
        "prediction_classe vorhersagen vorhersage yuce 预测 clasificar classificar classifier "
        "klassifiziere predictions predict_class predict_classes predict_labels prediction"
    ).split(),
    "accuracy": (
        "exactitud precision acuracia precisao exactitude justesse taux_bonnes_reponses "
        "genauigkeit zhunquelv zhunque_lv zhunquelu 准确率 accuracy_fn eval_accuracy compute_acc "
        "tasa_aciertos accuracy_score acc classification_accuracy model_accuracy"
    ).split(),
    "confusion_matrix": (
        "matriz_confusion matriz_confusao matrice_confusion konfusionsmatrix "
        "verwechslungsmatrix hunxiao_juzhen 混淆矩阵 conf_matrix conf_mat confusion cm "
        "confusion_mat"
    ).split(),
    "mse": (
        "loss cost loss_fn cost_fn loss_function cost_function error perdida costo "
        "coste perte cout fonction_cout perda custo verlust kosten "
        "error_cuadratico_medio ecm erro_quadratico_medio eqm erreur_quadratique_moyenne "
        "mittlerer_quadratischer_fehler mqf junfang_wucha 均方误差 squared_loss quadratic_cost "
        "mean_squared_error mse_loss mean_square_error squared_error"
    ).split(),
    "mse_gradient": (
        "derivada_mse mse_derivada derivada_ecm gradiente_mse derivee_mse mse_derivee "
        "mse_ableitung mse_tidu mse_backward mse_grad mse_derivative mse_prime "
        "mean_squared_error_derivative"
    ).split(),
    "Softmax": (
        "softmax_layer capa_softmax couche_softmax camada_softmax softmax_schicht "
        "softmax_output softmax_activation activation_softmax"
    ).split(),
    "ReLU": (
        "activacion_relu ativacao_relu rectified_linear_unit activation_relu relu_activation"
    ).split(),
    "Tanh": (
        "tangente_hiperbolica tangente_hyperbolique tangens_hyperbolicus activation_tanh "
        "tanh_activation hyperbolic_tangent"
    ).split(),
    "Sigmoid": (
        "sigmoide sigma logistica logistique sigmoidea logistic_function activation_sigmoid "
        "sigmoid_activation logistic"
    ).split(),
    "Dense": (
        "capa_densa camada_densa couche_dense dichte_schicht capa_lineal camada_linear "
        "quanlianjie fully_connected dense_layer affine linear fc fc_layer layer_dense"
    ).split(),
    "Network": (
        "red_neuronal rede_neural reseau_neurones reseau_de_neurones neuronales_netz "
        "shenjing_wangluo 神经网络 red perceptron_multicapa neural_network mlp "
        "two_layer_net nn net "
        "multi_layer_perceptron"
    ).split(),
}
