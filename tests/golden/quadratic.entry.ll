source_filename = "quadratic"
declare ptr @"kernel.add_divide_fusion"(ptr)
declare ptr @"kernel.multiply_divide_fusion"(ptr)
declare ptr @"kernel.subtract_sqrt_fusion"(ptr)

declare void @llvm.memcpy.p0.p0.i32(ptr, ptr, i32, i1)
declare void @llvm.lifetime.start.p0(ptr)
declare void @llvm.lifetime.end.p0(ptr)
define void @quadratic(float %a, float %b, float %c, ptr noalias align 4 %lower, ptr noalias align 4 %upper) nounwind {
  %a.slot = alloca float, align 4
  %b.slot = alloca float, align 4
  %c.slot = alloca float, align 4
  %step.0.workgroups = alloca { i64, i64, i64 }, align 8
  %step.0.workgroup = alloca { i64, i64, i64 }, align 8
  %step.0.arguments = alloca [4 x { ptr, i64 }], align 8
  %step.0.frame = alloca { ptr, ptr, i64, ptr }, align 8
  %step.1.workgroups = alloca { i64, i64, i64 }, align 8
  %step.1.workgroup = alloca { i64, i64, i64 }, align 8
  %step.1.arguments = alloca [4 x { ptr, i64 }], align 8
  %step.1.frame = alloca { ptr, ptr, i64, ptr }, align 8
  %step.2.workgroups = alloca { i64, i64, i64 }, align 8
  %step.2.workgroup = alloca { i64, i64, i64 }, align 8
  %step.2.arguments = alloca [4 x { ptr, i64 }], align 8
  %step.2.frame = alloca { ptr, ptr, i64, ptr }, align 8
  store float %a, ptr %a.slot, align 4
  store float %b, ptr %b.slot, align 4
  store float %c, ptr %c.slot, align 4
  %field.3 = getelementptr inbounds { i64, i64, i64 }, ptr %step.0.workgroups, i32 0, i32 0
  store i64 1, ptr %field.3
  %field.5 = getelementptr inbounds { i64, i64, i64 }, ptr %step.0.workgroups, i32 0, i32 1
  store i64 1, ptr %field.5
  %field.7 = getelementptr inbounds { i64, i64, i64 }, ptr %step.0.workgroups, i32 0, i32 2
  store i64 1, ptr %field.7
  %step.0.argument.0 = getelementptr inbounds { ptr, i64 }, ptr %step.0.arguments, i32 0
  %field.10 = getelementptr inbounds { ptr, i64 }, ptr %step.0.argument.0, i32 0, i32 0
  store ptr %c.slot, ptr %field.10
  %field.12 = getelementptr inbounds { ptr, i64 }, ptr %step.0.argument.0, i32 0, i32 1
  store i64 4, ptr %field.12
  %step.0.argument.1 = getelementptr inbounds { ptr, i64 }, ptr %step.0.arguments, i32 1
  %field.15 = getelementptr inbounds { ptr, i64 }, ptr %step.0.argument.1, i32 0, i32 0
  store ptr %a.slot, ptr %field.15
  %field.17 = getelementptr inbounds { ptr, i64 }, ptr %step.0.argument.1, i32 0, i32 1
  store i64 4, ptr %field.17
  %step.0.argument.2 = getelementptr inbounds { ptr, i64 }, ptr %step.0.arguments, i32 2
  %field.20 = getelementptr inbounds { ptr, i64 }, ptr %step.0.argument.2, i32 0, i32 0
  store ptr %b.slot, ptr %field.20
  %field.22 = getelementptr inbounds { ptr, i64 }, ptr %step.0.argument.2, i32 0, i32 1
  store i64 4, ptr %field.22
  %step.0.argument.3 = getelementptr inbounds { ptr, i64 }, ptr %step.0.arguments, i32 3
  %field.25 = getelementptr inbounds { ptr, i64 }, ptr %step.0.argument.3, i32 0, i32 0
  store ptr %upper, ptr %field.25
  %field.27 = getelementptr inbounds { ptr, i64 }, ptr %step.0.argument.3, i32 0, i32 1
  store i64 4, ptr %field.27
  %field.29 = getelementptr inbounds { ptr, ptr, i64, ptr }, ptr %step.0.frame, i32 0, i32 0
  store ptr %step.0.workgroups, ptr %field.29
  %field.31 = getelementptr inbounds { ptr, ptr, i64, ptr }, ptr %step.0.frame, i32 0, i32 1
  store ptr %step.0.workgroup, ptr %field.31
  %field.33 = getelementptr inbounds { ptr, ptr, i64, ptr }, ptr %step.0.frame, i32 0, i32 2
  store i64 4, ptr %field.33
  %field.35 = getelementptr inbounds { ptr, ptr, i64, ptr }, ptr %step.0.frame, i32 0, i32 3
  store ptr %step.0.arguments, ptr %field.35
  %field.37 = getelementptr inbounds { i64, i64, i64 }, ptr %step.0.workgroup, i32 0, i32 0
  store i64 0, ptr %field.37
  %field.39 = getelementptr inbounds { i64, i64, i64 }, ptr %step.0.workgroup, i32 0, i32 1
  store i64 0, ptr %field.39
  %field.41 = getelementptr inbounds { i64, i64, i64 }, ptr %step.0.workgroup, i32 0, i32 2
  store i64 0, ptr %field.41
  call ptr @"kernel.subtract_sqrt_fusion"(ptr %step.0.frame)
  %field.44 = getelementptr inbounds { i64, i64, i64 }, ptr %step.1.workgroups, i32 0, i32 0
  store i64 1, ptr %field.44
  %field.46 = getelementptr inbounds { i64, i64, i64 }, ptr %step.1.workgroups, i32 0, i32 1
  store i64 1, ptr %field.46
  %field.48 = getelementptr inbounds { i64, i64, i64 }, ptr %step.1.workgroups, i32 0, i32 2
  store i64 1, ptr %field.48
  %step.1.argument.0 = getelementptr inbounds { ptr, i64 }, ptr %step.1.arguments, i32 0
  %field.51 = getelementptr inbounds { ptr, i64 }, ptr %step.1.argument.0, i32 0, i32 0
  store ptr %a.slot, ptr %field.51
  %field.53 = getelementptr inbounds { ptr, i64 }, ptr %step.1.argument.0, i32 0, i32 1
  store i64 4, ptr %field.53
  %step.1.argument.1 = getelementptr inbounds { ptr, i64 }, ptr %step.1.arguments, i32 1
  %field.56 = getelementptr inbounds { ptr, i64 }, ptr %step.1.argument.1, i32 0, i32 0
  store ptr %upper, ptr %field.56
  %field.58 = getelementptr inbounds { ptr, i64 }, ptr %step.1.argument.1, i32 0, i32 1
  store i64 4, ptr %field.58
  %step.1.argument.2 = getelementptr inbounds { ptr, i64 }, ptr %step.1.arguments, i32 2
  %field.61 = getelementptr inbounds { ptr, i64 }, ptr %step.1.argument.2, i32 0, i32 0
  store ptr %b.slot, ptr %field.61
  %field.63 = getelementptr inbounds { ptr, i64 }, ptr %step.1.argument.2, i32 0, i32 1
  store i64 4, ptr %field.63
  %step.1.argument.3 = getelementptr inbounds { ptr, i64 }, ptr %step.1.arguments, i32 3
  %field.66 = getelementptr inbounds { ptr, i64 }, ptr %step.1.argument.3, i32 0, i32 0
  store ptr %lower, ptr %field.66
  %field.68 = getelementptr inbounds { ptr, i64 }, ptr %step.1.argument.3, i32 0, i32 1
  store i64 4, ptr %field.68
  %field.70 = getelementptr inbounds { ptr, ptr, i64, ptr }, ptr %step.1.frame, i32 0, i32 0
  store ptr %step.1.workgroups, ptr %field.70
  %field.72 = getelementptr inbounds { ptr, ptr, i64, ptr }, ptr %step.1.frame, i32 0, i32 1
  store ptr %step.1.workgroup, ptr %field.72
  %field.74 = getelementptr inbounds { ptr, ptr, i64, ptr }, ptr %step.1.frame, i32 0, i32 2
  store i64 4, ptr %field.74
  %field.76 = getelementptr inbounds { ptr, ptr, i64, ptr }, ptr %step.1.frame, i32 0, i32 3
  store ptr %step.1.arguments, ptr %field.76
  %field.78 = getelementptr inbounds { i64, i64, i64 }, ptr %step.1.workgroup, i32 0, i32 0
  store i64 0, ptr %field.78
  %field.80 = getelementptr inbounds { i64, i64, i64 }, ptr %step.1.workgroup, i32 0, i32 1
  store i64 0, ptr %field.80
  %field.82 = getelementptr inbounds { i64, i64, i64 }, ptr %step.1.workgroup, i32 0, i32 2
  store i64 0, ptr %field.82
  call ptr @"kernel.multiply_divide_fusion"(ptr %step.1.frame)
  %field.85 = getelementptr inbounds { i64, i64, i64 }, ptr %step.2.workgroups, i32 0, i32 0
  store i64 1, ptr %field.85
  %field.87 = getelementptr inbounds { i64, i64, i64 }, ptr %step.2.workgroups, i32 0, i32 1
  store i64 1, ptr %field.87
  %field.89 = getelementptr inbounds { i64, i64, i64 }, ptr %step.2.workgroups, i32 0, i32 2
  store i64 1, ptr %field.89
  %step.2.argument.0 = getelementptr inbounds { ptr, i64 }, ptr %step.2.arguments, i32 0
  %field.92 = getelementptr inbounds { ptr, i64 }, ptr %step.2.argument.0, i32 0, i32 0
  store ptr %upper, ptr %field.92
  %field.94 = getelementptr inbounds { ptr, i64 }, ptr %step.2.argument.0, i32 0, i32 1
  store i64 4, ptr %field.94
  %step.2.argument.1 = getelementptr inbounds { ptr, i64 }, ptr %step.2.arguments, i32 1
  %field.97 = getelementptr inbounds { ptr, i64 }, ptr %step.2.argument.1, i32 0, i32 0
  store ptr %a.slot, ptr %field.97
  %field.99 = getelementptr inbounds { ptr, i64 }, ptr %step.2.argument.1, i32 0, i32 1
  store i64 4, ptr %field.99
  %step.2.argument.2 = getelementptr inbounds { ptr, i64 }, ptr %step.2.arguments, i32 2
  %field.102 = getelementptr inbounds { ptr, i64 }, ptr %step.2.argument.2, i32 0, i32 0
  store ptr %b.slot, ptr %field.102
  %field.104 = getelementptr inbounds { ptr, i64 }, ptr %step.2.argument.2, i32 0, i32 1
  store i64 4, ptr %field.104
  %step.2.argument.3 = getelementptr inbounds { ptr, i64 }, ptr %step.2.arguments, i32 3
  %field.107 = getelementptr inbounds { ptr, i64 }, ptr %step.2.argument.3, i32 0, i32 0
  store ptr %upper, ptr %field.107
  %field.109 = getelementptr inbounds { ptr, i64 }, ptr %step.2.argument.3, i32 0, i32 1
  store i64 4, ptr %field.109
  %field.111 = getelementptr inbounds { ptr, ptr, i64, ptr }, ptr %step.2.frame, i32 0, i32 0
  store ptr %step.2.workgroups, ptr %field.111
  %field.113 = getelementptr inbounds { ptr, ptr, i64, ptr }, ptr %step.2.frame, i32 0, i32 1
  store ptr %step.2.workgroup, ptr %field.113
  %field.115 = getelementptr inbounds { ptr, ptr, i64, ptr }, ptr %step.2.frame, i32 0, i32 2
  store i64 4, ptr %field.115
  %field.117 = getelementptr inbounds { ptr, ptr, i64, ptr }, ptr %step.2.frame, i32 0, i32 3
  store ptr %step.2.arguments, ptr %field.117
  %field.119 = getelementptr inbounds { i64, i64, i64 }, ptr %step.2.workgroup, i32 0, i32 0
  store i64 0, ptr %field.119
  %field.121 = getelementptr inbounds { i64, i64, i64 }, ptr %step.2.workgroup, i32 0, i32 1
  store i64 0, ptr %field.121
  %field.123 = getelementptr inbounds { i64, i64, i64 }, ptr %step.2.workgroup, i32 0, i32 2
  store i64 0, ptr %field.123
  call ptr @"kernel.add_divide_fusion"(ptr %step.2.frame)
  ret void
}
