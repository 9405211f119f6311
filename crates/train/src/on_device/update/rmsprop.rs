//! RMSProp in operations in place, because libtorch has no fused kernel for it.

use spec::optimizer::RmsProp;
use tch::Tensor;

/// Takes one step of RMSProp: s <- alpha s + (1 - alpha) g^2, c likewise with g;
/// u = g / (sqrt(s - c^2) + eps); b <- momentum b + u; p <- p - lr b.
/// It starts 6 kernels, 2 more with momentum, 2 more with an L2 penalty, 3 more if centered.
pub(super) fn step(
    p: &RmsProp,
    lr: f64,
    parameter: &mut Tensor,
    gradient: &Tensor,
    moments: Vec<&mut Tensor>,
    [a, b]: &mut [Tensor; 2],
) {
    let mut moments = moments.into_iter();
    let mut moment = || moments.next().expect("as many moments as the rule has");
    let decayed;
    let gradient = match p.weight_decay {
        0.0 => gradient,
        penalty => {
            let _ = parameter.mul_scalar_out(a, penalty);
            decayed = &*a + gradient;
            &decayed
        }
    };
    let square = moment();
    let _ = gradient.square_out(a);
    let _ = square.lerp_(a, 1.0 - p.alpha);
    if p.centered {
        let mean = moment();
        let _ = mean.lerp_(gradient, 1.0 - p.alpha);
        let _ = mean.square_out(b);
        let _ = square.sub_out(a, b);
        let _ = a.sqrt_();
    } else {
        let _ = square.sqrt_out(a);
    }
    let _ = a.g_add_scalar_(p.eps);
    if p.momentum > 0.0 {
        let velocity = moment();
        let _ = velocity.g_mul_scalar_(p.momentum);
        let _ = velocity.addcdiv_(gradient, a);
        let _ = velocity.mul_scalar_out(b, lr);
        let _ = parameter.g_sub_(b);
    } else {
        let _ = gradient.mul_scalar_out(b, -lr);
        let _ = parameter.addcdiv_(b, a);
    }
}
