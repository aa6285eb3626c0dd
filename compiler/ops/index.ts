/** The operators: one line each. */
import abs from './abs.ts';
import acos from './acos.ts';
import acosh from './acosh.ts';
import add from './add.ts';
import and from './and.ts';
import argMax from './argMax.ts';
import argMin from './argMin.ts';
import asin from './asin.ts';
import asinh from './asinh.ts';
import atan from './atan.ts';
import atan2 from './atan2.ts';
import atanh from './atanh.ts';
import averagePool from './averagePool.ts';
import bitAnd from './bitAnd.ts';
import bitNot from './bitNot.ts';
import bitOr from './bitOr.ts';
import bitXor from './bitXor.ts';
import broadcastTo from './broadcastTo.ts';
import cast from './cast.ts';
import ceil from './ceil.ts';
import celu from './celu.ts';
import clip from './clip.ts';
import concat from './concat.ts';
import conv from './conv.ts';
import convTranspose from './convTranspose.ts';
import cos from './cos.ts';
import cosh from './cosh.ts';
import cumSum from './cumSum.ts';
import type { Op } from './define.ts';
import dense from './dense.ts';
import depthToSpace from './depthToSpace.ts';
import dequantizeLinear from './dequantizeLinear.ts';
import div from './div.ts';
import elu from './elu.ts';
import equal from './equal.ts';
import erf from './erf.ts';
import exp from './exp.ts';
import expm1 from './expm1.ts';
import floor from './floor.ts';
import floorDiv from './floorDiv.ts';
import fmod from './fmod.ts';
import gather from './gather.ts';
import gatherElements from './gatherElements.ts';
import gatherND from './gatherND.ts';
import gelu from './gelu.ts';
import greater from './greater.ts';
import greaterEqual from './greaterEqual.ts';
import gru from './gru.ts';
import hardSigmoid from './hardSigmoid.ts';
import hardSwish from './hardSwish.ts';
import identity from './identity.ts';
import isInf from './isInf.ts';
import isNan from './isNan.ts';
import l2Normalize from './l2Normalize.ts';
import layerNorm from './layerNorm.ts';
import leakyRelu from './leakyRelu.ts';
import less from './less.ts';
import lessEqual from './lessEqual.ts';
import log from './log.ts';
import log1p from './log1p.ts';
import logSoftmax from './logSoftmax.ts';
import lpPool from './lpPool.ts';
import lrn from './lrn.ts';
import lstm from './lstm.ts';
import matmul from './matmul.ts';
import maximum from './maximum.ts';
import maxPool from './maxPool.ts';
import minimum from './minimum.ts';
import mish from './mish.ts';
import mod from './mod.ts';
import mul from './mul.ts';
import neg from './neg.ts';
import not from './not.ts';
import notEqual from './notEqual.ts';
import oneHot from './oneHot.ts';
import or from './or.ts';
import pad from './pad.ts';
import pow from './pow.ts';
import prelu from './prelu.ts';
import quantizeLinear from './quantizeLinear.ts';
import reciprocal from './reciprocal.ts';
import reduceAll from './reduceAll.ts';
import reduceAny from './reduceAny.ts';
import reduceL1 from './reduceL1.ts';
import reduceL2 from './reduceL2.ts';
import reduceLogSum from './reduceLogSum.ts';
import reduceLogSumExp from './reduceLogSumExp.ts';
import reduceMax from './reduceMax.ts';
import reduceMean from './reduceMean.ts';
import reduceMin from './reduceMin.ts';
import reduceProd from './reduceProd.ts';
import reduceSum from './reduceSum.ts';
import reduceSumSquare from './reduceSumSquare.ts';
import relu from './relu.ts';
import reshape from './reshape.ts';
import resizeCubic from './resizeCubic.ts';
import resizeLinear from './resizeLinear.ts';
import resizeNearest from './resizeNearest.ts';
import rmsNorm from './rmsNorm.ts';
import round from './round.ts';
import rsqrt from './rsqrt.ts';
import scatterElements from './scatterElements.ts';
import scatterND from './scatterND.ts';
import selu from './selu.ts';
import shiftLeft from './shiftLeft.ts';
import shiftRight from './shiftRight.ts';
import sigmoid from './sigmoid.ts';
import sign from './sign.ts';
import simpleRnn from './simpleRnn.ts';
import sin from './sin.ts';
import sinh from './sinh.ts';
import slice from './slice.ts';
import softmax from './softmax.ts';
import softplus from './softplus.ts';
import softsign from './softsign.ts';
import spaceToDepth from './spaceToDepth.ts';
import sqrt from './sqrt.ts';
import square from './square.ts';
import sub from './sub.ts';
import swish from './swish.ts';
import tan from './tan.ts';
import tanh from './tanh.ts';
import thresholdedRelu from './thresholdedRelu.ts';
import tile from './tile.ts';
import topK from './topK.ts';
import transpose from './transpose.ts';
import trilu from './trilu.ts';
import trunc from './trunc.ts';
import where from './where.ts';
import xor from './xor.ts';

// biome-ignore format: one operator, one line
export const ops: ReadonlyMap<string, Op> = new Map(
  ([
    abs,
    acos,
    acosh,
    add,
    and,
    argMax,
    argMin,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    averagePool,
    bitAnd,
    bitNot,
    bitOr,
    bitXor,
    broadcastTo,
    cast,
    ceil,
    celu,
    clip,
    concat,
    conv,
    convTranspose,
    cos,
    cosh,
    cumSum,
    dense,
    depthToSpace,
    dequantizeLinear,
    div,
    elu,
    equal,
    erf,
    exp,
    expm1,
    floor,
    floorDiv,
    fmod,
    gather,
    gatherElements,
    gatherND,
    gelu,
    greater,
    greaterEqual,
    gru,
    hardSigmoid,
    hardSwish,
    identity,
    isInf,
    isNan,
    l2Normalize,
    layerNorm,
    leakyRelu,
    less,
    lessEqual,
    log,
    log1p,
    logSoftmax,
    lpPool,
    lrn,
    lstm,
    matmul,
    maximum,
    maxPool,
    minimum,
    mish,
    mod,
    mul,
    neg,
    not,
    notEqual,
    oneHot,
    or,
    pad,
    pow,
    prelu,
    quantizeLinear,
    reciprocal,
    reduceAll,
    reduceAny,
    reduceL1,
    reduceL2,
    reduceLogSum,
    reduceLogSumExp,
    reduceMax,
    reduceMean,
    reduceMin,
    reduceProd,
    reduceSum,
    reduceSumSquare,
    relu,
    reshape,
    resizeCubic,
    resizeLinear,
    resizeNearest,
    rmsNorm,
    round,
    rsqrt,
    scatterElements,
    scatterND,
    selu,
    shiftLeft,
    shiftRight,
    sigmoid,
    sign,
    simpleRnn,
    sin,
    sinh,
    slice,
    softmax,
    softplus,
    softsign,
    spaceToDepth,
    sqrt,
    square,
    sub,
    swish,
    tan,
    tanh,
    thresholdedRelu,
    tile,
    topK,
    transpose,
    trilu,
    trunc,
    where,
    xor,
  ] as unknown as Op[]).map((op) => [op.kind, op]),
);
