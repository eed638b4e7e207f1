// The shaders of the points' WebGL2 renderer.
//
// The vertex shader moves a point and finds its colours and circles; the fragment shader draws the
// circles. Borders are smoothed by coverage: a circle covers a pixel by how far the pixel's centre
// lies inside it, from 0 to 1 over one pixel. Colours are premultiplied by their alpha.

import { LOOKS, REJECTED } from "./points_look.js";
import { DIM, SELECTED } from "../types.js";

/** Of the palette's texture, in entries. */
export const WIDTH = 256;

const VERTEX = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;

layout(location = 0) in vec2 from;
layout(location = 1) in vec2 to;
layout(location = 2) in float uncertainty;
layout(location = 3) in uint code;
layout(location = 4) in uint flags;

uniform vec4 move;       // the isometry's a and b
uniform vec4 place;      // clip = place.xy * z + place.zw
uniform float t;
uniform float threshold;
uniform int layer;       // -1: all points; 0: those below; 1: those above
uniform vec4 radii[${LOOKS}];  // hole, fill, edge, outline
uniform vec2 reach[${LOOKS}];  // diameter of the point's square, alpha
uniform vec4 rejected;
uniform sampler2D palette;
uniform int last;        // of the palette's entries

flat out vec4 fillColour;
flat out vec4 circles;
flat out float size;

vec2 divide(vec2 n, vec2 d) {
  return vec2(dot(n, d), n.y * d.x - n.x * d.y) / dot(d, d);
}

vec2 log0(vec2 z) {
  float r = min(length(z), ${1 - 1e-6});  // atanh has no value on the rim
  return r > 1e-3 ? z * (atanh(r) / r) : z;
}

vec2 exp0(vec2 v) {
  float r = length(v);
  return r > 1e-3 ? v * (tanh(r) / r) : v;
}

void main() {
  bool open = uncertainty > threshold;
  int look = int(flags & ${DIM | SELECTED}u) | (open ? ${REJECTED} : 0);
  // Below lie those that are dim or rejected and not selected.
  int mine = look == 0 || (look & ${SELECTED}) != 0 ? 1 : 0;
  if (layer >= 0 && layer != mine) {
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);  // outside: clipped away
    gl_PointSize = 1.0;
    return;
  }
  vec2 z = t >= 1.0 ? to : from;
  if (t > 0.0 && t < 1.0) z = exp0(mix(log0(from), log0(to), t));
  vec2 a = move.xy;
  vec2 b = move.zw;
  z = divide(vec2(a.x * z.x - a.y * z.y, a.x * z.y + a.y * z.x) + b,
             vec2(b.x * z.x + b.y * z.y + a.x, b.x * z.y - b.y * z.x - a.y));
  gl_Position = vec4(place.xy * z + place.zw, 0.0, 1.0);
  size = reach[look].x;
  gl_PointSize = size;
  circles = radii[look];
  int c = min(int(code), last);
  vec4 own = texelFetch(palette, ivec2(c % ${WIDTH}, c / ${WIDTH}), 0);
  own.rgb *= own.a;
  fillColour = (open ? rejected : own) * reach[look].y;
}`;

const FRAGMENT = `#version 300 es
precision highp float;

uniform vec4 edge;
uniform vec4 accent;
flat in vec4 fillColour;
flat in vec4 circles;
flat in float size;
out vec4 colour;

void main() {
  vec2 away = (gl_PointCoord - 0.5) * size;
  vec4 covered = clamp(circles + 0.5 - length(away), 0.0, 1.0);
  colour = accent * covered.w;
  colour = mix(colour, edge, covered.z);
  colour = mix(colour, fillColour, covered.y) * (1.0 - covered.x);
}`;

/** @param {WebGL2RenderingContext} gl @returns {WebGLProgram} */
export function link(gl) {
  const program = gl.createProgram();
  for (const [type, source] of /** @type {[number, string][]} */ ([
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ])) {
    const shader = /** @type {WebGLShader} */ (gl.createShader(type));
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    const logs = (gl.getAttachedShaders(program) ?? []).map((s) => gl.getShaderInfoLog(s));
    throw new Error(`the points' shaders: ${gl.getProgramInfoLog(program)} ${logs.join(" ")}`);
  }
  return program;
}
